//! The calls of all doors: as they run, and for a while after.

mod call;
mod calls;
mod ended;
mod kept;
mod story;

pub(crate) use call::{Call, CallId, CancelOnDrop, Event, Progress};
pub(crate) use calls::{Begin, Calls};
pub(crate) use ended::Ended;
pub(crate) use kept::KEPT_SECONDS;
pub(crate) use story::{Entry, Happened, Story};
