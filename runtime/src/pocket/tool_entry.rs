//! One sandboxed tool, as the embedding program names it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    base::name::ToolName,
    call::{OutputFunction, Value},
    package::{FolderGrant, Rule},
    sandbox::CredentialsMode,
};

/// One sandboxed tool, as the embedding program names it: where it comes from, and what it is given.
///
/// ```
/// use pocket_runtime::{Pocket, ToolEntry, Value};
///
/// let slack = ToolEntry::new("./tools/slack-get-messages")
///     .variable("TEAM", "T1")
///     .allow("GET https://files.slack.com/*".parse()?)
///     .output(|value| match value {
///         Value::Json(mut json) => Value::Json(json["messages"].take()),
///         text => text,
///     });
/// let builder = Pocket::builder().tool(slack);
/// # Ok::<(), pocket_runtime::RuleError>(())
/// ```
#[derive(Clone, Default)]
pub struct ToolEntry {
    pub(super) source: String,
    pub(super) name: Option<ToolName>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) allow: Vec<Rule>,
    pub(super) folders: Vec<FolderGrant>,
    pub(super) credentials: Option<CredentialsMode>,
    pub(super) own_account: bool,
    pub(super) output: Option<OutputFunction>,
}

impl ToolEntry {
    /// Whether no embedding program named it.
    pub(super) const fn is_of_nobody(&self) -> bool {
        self.source.is_empty()
    }

    /// By where it comes from: a path, a git URL, or the name of a tool of the project.
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            ..Self::default()
        }
    }

    /// Under this name, whatever its manifest calls it.
    #[must_use]
    pub fn named(mut self, name: ToolName) -> Self {
        self.name = Some(name);
        self
    }

    /// With this environment variable, over the manifest's own. Never over a credential's.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// May send requests that this rule matches, whether or not its manifest asks.
    #[must_use]
    pub fn allow(mut self, rule: Rule) -> Self {
        self.allow.push(rule);
        self
    }

    /// May use this folder of the machine.
    #[must_use]
    pub fn folder(mut self, folder: FolderGrant) -> Self {
        self.folders.push(folder);
        self
    }

    /// Gets its credential in this way.
    #[must_use]
    pub const fn credentials(mut self, mode: CredentialsMode) -> Self {
        self.credentials = Some(mode);
        self
    }

    /// Signs in to an account of its own, which no other tool uses: two tools of one provider then act as two users, or with two
    /// sets of scopes. It is the tool's by its name and the project, or by what [`PocketBuilder::program`] says.
    ///
    /// [`PocketBuilder::program`]: crate::PocketBuilder::program
    #[must_use]
    pub const fn own_account(mut self) -> Self {
        self.own_account = true;
        self
    }

    /// Its output goes through this function before the caller gets it. A function that panics ends the call, not the process.
    #[must_use]
    pub fn output(mut self, function: impl Fn(Value) -> Value + Send + Sync + 'static) -> Self {
        self.output = Some(Arc::new(function));
        self
    }
}

impl From<&str> for ToolEntry {
    fn from(source: &str) -> Self {
        Self::new(source)
    }
}

impl From<String> for ToolEntry {
    fn from(source: String) -> Self {
        Self::new(source)
    }
}

impl fmt::Debug for ToolEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<&String> = self.variables.keys().collect();
        f.debug_struct("ToolEntry")
            .field("source", &crate::base::text::shown_on_one_line(&self.source))
            .field("name", &self.name)
            .field("variables", &variables)
            .field("allow", &self.allow)
            .finish_non_exhaustive()
    }
}
