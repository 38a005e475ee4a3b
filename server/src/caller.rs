//! Who calls, as a door made it out.

use std::sync::Arc;

use pocket_runtime::{Pocket, Profile};

use crate::keys::{Key, KeyId};

/// Who calls: one profile, with one key. What belongs to another does not exist for it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    profile: Profile,
    key: Option<Arc<Key>>,
}

/// To whom a call, a stream or an idempotency key belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    profile: Profile,
    pub(crate) key: KeyId,
    /// Whether that is one that can be revoked.
    pub(crate) has_key: bool,
}

impl Owner {
    /// The profile's name.
    pub(crate) fn profile(&self) -> &str {
        self.profile.as_str()
    }
}

impl Caller {
    pub(crate) fn with_key(key: Arc<Key>) -> Self {
        Self {
            profile: Profile::new(key.profile.clone()),
            key: Some(key),
        }
    }

    /// Where the operator said that no key is needed, or on stdin.
    pub(crate) const fn without_key(profile: Profile) -> Self {
        Self { profile, key: None }
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner {
            profile: self.profile.clone(),
            has_key: self.key.is_some(),
            key: self
                .key
                .as_ref()
                .map_or_else(|| KeyId("none".to_owned()), |key| key.id.clone()),
        }
    }

    /// The key that can be revoked, where there is one.
    pub(crate) fn key(&self) -> Option<&KeyId> {
        self.key.as_ref().map(|key| &key.id)
    }

    /// The tools, with this caller's accounts.
    pub(crate) fn pocket(&self, pocket: &Pocket) -> Pocket {
        pocket.for_profile(self.profile.as_str())
    }

    /// Whether this tool is one that it may see and call.
    pub(crate) fn reaches(&self, tool: &str) -> bool {
        self.key.as_ref().is_none_or(|key| key.reaches(tool))
    }
}
