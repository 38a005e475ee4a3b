//! A tool of either kind, ready to be called, and what it is.

use crate::{
    Error,
    call::CallTool,
    install::Installed,
    pocket::{ToolDescription, ToolEntry},
    sandbox::Engine,
    settings::Settings,
};

pub(super) struct Loaded {
    pub(super) tool: CallTool,
    pub(super) description: ToolDescription,
    pub(super) installed: Option<Installed>,
}

impl Loaded {
    pub(super) async fn sandboxed(
        engine: &Engine,
        settings: &Settings,
        installed: Installed,
        entry: ToolEntry,
    ) -> Result<Self, Error> {
        let _ = (engine, settings, installed, entry);
        todo!()
    }
}
