//! What a [`Pocket`] is made of, said step by step.

use crate::{Error, pocket::Pocket};

/// Says what a [`Pocket`] is made of.
#[derive(Default)]
pub struct PocketBuilder {}

/// How one tool is set by the embedding program.
#[derive(Default, Clone)]
pub struct ToolEntry {}

impl PocketBuilder {
    /// Makes it.
    ///
    /// # Errors
    /// When something of it is not valid.
    pub async fn build(self) -> Result<Pocket, Error> {
        todo!()
    }
}
