//! What a call told while it ran.

use std::sync::Arc;

use pocket_runtime::{CallStep, OutboundRequest, ToolIdentity};

/// The most entries that are kept of one call: more than a call may send requests.
const ENTRIES: usize = 1_000;

/// What a call told while it ran: which tool it was, and step by step what it did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    /// Nothing while no tool was found.
    pub(crate) tool: Option<Arc<ToolIdentity>>,
    pub(crate) entries: Vec<Entry>,
}

/// One thing that happened, so many milliseconds after the call was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) after_ms: u64,
    pub(crate) what: Happened,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    Step(CallStep),
    /// A request ended.
    Request(OutboundRequest),
    /// A request was refused: why, and the rule that would allow it.
    Refused(String),
}

impl Story {
    pub(super) fn push(&mut self, after_ms: u64, what: Happened) {
        if self.entries.len() < ENTRIES {
            self.entries.push(Entry { after_ms, what });
        }
    }

    /// The requests that ended.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &OutboundRequest> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            Happened::Request(request) => Some(request),
            Happened::Step(_) | Happened::Refused(_) => None,
        })
    }

    /// What was refused.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match &entry.what {
            Happened::Refused(refusal) => Some(refusal.as_str()),
            Happened::Step(_) | Happened::Request(_) => None,
        })
    }

    /// When a step began, where it did.
    pub(crate) fn step(&self, wanted: CallStep) -> Option<u64> {
        self.entries.iter().find_map(|entry| match &entry.what {
            Happened::Step(step) if *step == wanted => Some(entry.after_ms),
            Happened::Step(_) | Happened::Request(_) | Happened::Refused(_) => None,
        })
    }

    /// About how many bytes it keeps.
    pub(super) fn size(&self) -> usize {
        let of = |entry: &Entry| match &entry.what {
            Happened::Step(_) => 32,
            Happened::Request(request) => 96 + request.origin.len() + request.method.len(),
            Happened::Refused(refusal) => 48 + refusal.len(),
        };
        self.entries.iter().map(of).sum()
    }
}
