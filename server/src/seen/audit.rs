//! The audit log: what was done is written by a thread of its own, so that no call waits for a disk.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
};

use tokio::sync::oneshot;

use crate::seen::{
    audit_file::AuditFile,
    audit_record::{Record, of_lost},
};

/// How many records may be on their way to the disk; those beyond are counted, and the log says how many.
const ON_THEIR_WAY: usize = 16_384;

/// The audit log of a server.
#[derive(Debug)]
pub(super) struct Audit {
    /// Nothing once it has ended.
    to: Mutex<Option<SyncSender<Told>>>,
    lost: AtomicU64,
}

enum Told {
    Line(String),
    /// All before it is written.
    End(oneshot::Sender<()>),
}

impl Audit {
    /// Begins to write in this folder. The file is made with the first record.
    pub(super) fn begin(folder: &Path) -> Self {
        let (to, from) = mpsc::sync_channel(ON_THEIR_WAY);
        let file = AuditFile::in_folder(folder);
        let begun = std::thread::Builder::new()
            .name("pocket-audit".to_owned())
            .spawn(move || write_all(file, &from));
        if let Err(error) = &begun {
            tracing::error!(%error, "there is no audit log");
        }
        Self {
            to: Mutex::new(begun.is_ok().then_some(to)),
            lost: AtomicU64::new(0),
        }
    }

    pub(super) fn write(&self, record: &Record<'_>) {
        let Ok(line) = serde_json::to_string(record) else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(to) = &*to else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0
            && let Ok(told) = serde_json::to_string(&of_lost(lost))
            && to.try_send(Told::Line(told)).is_err()
        {
            self.lost.fetch_add(lost, Ordering::Relaxed);
        }
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = to.try_send(Told::Line(line)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all that was told is written, and takes nothing more.
    pub(super) async fn end(&self) {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(to) = to else { return };
        let (done, is_done) = oneshot::channel();
        let sent = tokio::task::spawn_blocking(move || to.send(Told::End(done))).await;
        if matches!(sent, Ok(Ok(()))) {
            let _ = is_done.await;
        }
    }
}

fn write_all(mut file: AuditFile, from: &Receiver<Told>) {
    let mut is_failing = false;
    while let Ok(told) = from.recv() {
        let mut lines = String::new();
        let mut ends = Vec::new();
        // What came meanwhile is written together.
        for told in std::iter::once(told).chain(from.try_iter()) {
            match told {
                Told::Line(line) => {
                    lines.push_str(&line);
                    lines.push('\n');
                }
                Told::End(done) => ends.push(done),
            }
            if lines.len() > 1 << 20 {
                break;
            }
        }
        match file.append(&lines) {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                tracing::error!(%error, path = %file.path().display(), "the audit log cannot be written: what is done now is not in it");
            }
            Err(_told_before) => {}
        }
        for done in ends {
            let _ = done.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn what_was_told_is_in_the_file_once_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::begin(folder.path());
        for records in 1..=100 {
            audit.write(&of_lost(records));
        }
        audit.end().await;
        audit.write(&of_lost(1_000));
        let text = std::fs::read_to_string(folder.path().join("audit").join("audit.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let records: Vec<u64> = lines.iter().map(|line| line["records"].as_u64().unwrap()).collect();
        assert_eq!(records, (1..=100).collect::<Vec<_>>());
    }
}
