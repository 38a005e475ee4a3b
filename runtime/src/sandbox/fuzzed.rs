//! What a guest's request becomes, which nobody outside of this stage sees otherwise.

pub(crate) use crate::sandbox::outbound::fuzzed::{Guest, NotSent, Sent, prepared};
