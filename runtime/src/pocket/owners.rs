//! Whose an account of a tool's own is.

use std::path::{Path, PathBuf};

use crate::{
    Error, base::name::ToolName, install::Installed, package::AccountOwner, pocket::ToolEntry, settings::Settings,
};

/// Where the tools have their names.
pub(super) enum Owners {
    Program(String),
    Project(PathBuf),
    /// Tools of who knows how many programs have their names here.
    Nobody,
}

impl Owners {
    pub(super) fn of(program: Option<String>, project: Option<&Path>) -> Self {
        match (program, project) {
            (Some(program), _) => Self::Program(program),
            (None, Some(project)) => Self::Project(real(project)),
            (None, None) => Self::Nobody,
        }
    }

    /// The owner of an account of this tool alone.
    pub(super) fn own(&self, name: &ToolName) -> Result<AccountOwner, Error> {
        match self {
            Self::Program(program) => Ok(AccountOwner::in_program(program, name.clone())),
            Self::Project(folder) => Ok(AccountOwner::in_project(folder, name.clone())),
            Self::Nobody => Err(Error::NobodysTool(name.to_string())),
        }
    }

    /// The owner of the account that a tool uses. What `[tools.<name>]` says holds for the tool from the source that it names: another
    /// that calls itself the same does not get at its account.
    pub(super) fn of_tool(
        &self,
        settings: &Settings,
        installed: &Installed,
        entry: &ToolEntry,
    ) -> Result<AccountOwner, Error> {
        let of_project = settings.tools.get(&installed.name);
        let of_project = of_project.filter(|tool| tool.source == installed.source.written());
        if entry.own_account || of_project.is_some_and(|tool| tool.own_account) {
            return self.own(&installed.name);
        }
        Ok(AccountOwner::SHARED)
    }
}

fn real(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_nowhere| folder.to_owned());
    whole.canonicalize().unwrap_or(whole)
}
