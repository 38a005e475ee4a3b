//! A sandboxed tool that is compiled and linked at its first call.

use tokio::sync::OnceCell;

use crate::{
    install::Installed,
    package::ComponentKind,
    sandbox::{CallStep, Engine, Policy, Report, SandboxError, Tool},
};

/// A sandboxed tool that is compiled and linked at its first call, once however many call at once.
pub(crate) struct LazyTool {
    engine: Engine,
    installed: Installed,
    policy: Policy,
    tool: OnceCell<Tool>,
}

impl LazyTool {
    pub(crate) fn new(engine: Engine, installed: Installed, policy: Policy) -> Self {
        Self {
            engine,
            installed,
            policy,
            tool: OnceCell::new(),
        }
    }

    /// The tool; a failure to load is told to this caller and tried anew for the next. `report` is told if it is compiled now.
    pub(crate) async fn get(&self, report: Option<&dyn Report>) -> Result<&Tool, SandboxError> {
        if let (None, Some(report)) = (self.tool.get(), report) {
            report.step(CallStep::Loading);
        }
        self.tool
            .get_or_try_init(|| self.engine.load(&self.installed, self.policy.clone(), report))
            .await
    }

    /// What holds in every call.
    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether its output must be JSON.
    pub(crate) fn is_typed(&self) -> bool {
        self.installed.package.component.kind == ComponentKind::Typed
    }
}
