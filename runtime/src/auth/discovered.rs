//! What issuers told of their endpoints, kept for a day.
//!
//! ```text
//! cache/issuers/<digest of the issuer>.json    { at, metadata }
//! ```
//!
//! An account keeps what was told when it was made, so this is asked only when one is made anew.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    auth::{exchange::Exchange, flow::FlowError},
    base::{
        clock::UnixTime,
        digest::Digest,
        files::{FileMode, create_private_dir, write_atomic},
        home::Home,
    },
    provider::Metadata,
};

/// How long it is taken for true without asking.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is used where the issuer cannot be asked.
const STALE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long asking may take: both documents.
const REQUESTS: Duration = Duration::from_secs(32);

/// What issuers told of their endpoints.
pub(super) struct Discovered {
    folder: PathBuf,
    held: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    issuer: String,
    at: UnixTime,
    metadata: Metadata,
}

impl Kept {
    /// One from the future was written under another clock.
    fn is_younger(&self, than: Duration, now: UnixTime) -> bool {
        self.at <= now && now.since(self.at) < than
    }
}

impl Discovered {
    pub(super) fn new(home: &Home) -> Self {
        Self {
            folder: home.cache().join("issuers"),
            held: Mutex::default(),
        }
    }

    /// What this issuer tells, as it did within a day, or as it does now.
    pub(super) async fn of(&self, issuer: &str, exchange: &dyn Exchange, now: UnixTime) -> Result<Metadata, FlowError> {
        let kept = self.held(issuer).or_else(|| self.read(issuer));
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_younger(FRESH, now)) {
            return Ok(kept.metadata.clone());
        }
        let asking = tokio::time::timeout(REQUESTS, exchange.discover(issuer));
        let told = asking.await.unwrap_or_else(|_elapsed| {
            Err(FlowError::Unreachable {
                reason: "its issuer did not answer in time".to_owned(),
                retry_after: None,
            })
        });
        match (told, kept) {
            (Ok(metadata), _) => {
                self.keep(Kept {
                    issuer: issuer.to_owned(),
                    at: now,
                    metadata: metadata.clone(),
                });
                Ok(metadata)
            }
            (Err(FlowError::Unreachable { reason, .. }), Some(kept)) if kept.is_younger(STALE, now) => {
                tracing::warn!(
                    issuer,
                    reason,
                    "an issuer could not be asked for its endpoints; those of before are used"
                );
                Ok(kept.metadata)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn held(&self, issuer: &str) -> Option<Kept> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(issuer).cloned()
    }

    fn path(&self, issuer: &str) -> PathBuf {
        let digest = Digest::of_parts([b"issuer".as_slice(), issuer.as_bytes()]).hex();
        self.folder.join(format!("{digest}.json"))
    }

    /// A file that cannot be read is as good as none.
    fn read(&self, issuer: &str) -> Option<Kept> {
        let text = fs::read(self.path(issuer)).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.issuer == issuer).then_some(kept)
    }

    fn keep(&self, kept: Kept) {
        let written = create_private_dir(&self.folder).and_then(|()| {
            let text = serde_json::to_vec(&kept)?;
            write_atomic(&self.path(&kept.issuer), &text, FileMode::Private)
        });
        if let Err(error) = written {
            tracing::debug!(%error, "what an issuer told could not be kept; it is asked again next time");
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(kept.issuer.clone(), kept);
    }
}
