//! Gives a guest a placeholder in place of its token, which the host swaps on the way to the provider.

mod broker;
mod echoes;
mod echoes_of_body;
mod field;
mod misplaced;
mod placeholder;
mod spot;
mod watched_body;

pub(super) use broker::Broker;
pub(super) use echoes::Echoes;
pub(super) use echoes_of_body::Searched;
pub(super) use field::{Field, LARGEST};
pub(super) use misplaced::Misplaced;
pub(super) use placeholder::NotBrokered;
pub(super) use spot::Spot;
pub(super) use watched_body::Watched;
