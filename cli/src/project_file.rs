//! The project's `pocket.toml`, edited without losing what a person wrote in it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pocket_runtime::{Access, FileMode, FolderGrant, Rule, ToolName};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use crate::{failure::Failure, grants::Given};

/// The project's `pocket.toml`, as a document whose comments and order stay.
pub(crate) struct ProjectFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ProjectFile {
    /// Opens it; one that is not there is empty.
    pub(crate) fn open(project: &Path) -> Result<Self, Failure> {
        let path = project.join("pocket.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(anyhow::Error::from(error).context("cannot read `pocket.toml`").into()),
        };
        let document = text.parse().context("`pocket.toml` is not valid TOML")?;
        Ok(Self { path, document })
    }

    /// Writes a tool down.
    pub(crate) fn set_tool(&mut self, name: &ToolName, source: &str, given: &Given, folders: &[FolderGrant]) {
        let mut tool = Table::new();
        tool["source"] = toml_edit::value(source);
        if !given.variables.is_empty() {
            tool["variables"] = toml_edit::value(given.variables.iter().collect::<InlineTable>());
        }
        let mut grant = InlineTable::new();
        if !given.allow.is_empty() {
            grant.insert("http", Value::Array(given.allow.iter().map(rule).collect::<Array>()));
        }
        if !folders.is_empty() {
            grant.insert("files", Value::InlineTable(folders.iter().map(folder).collect()));
        }
        if !grant.is_empty() {
            tool["grant"] = toml_edit::value(grant);
        }
        let tools = self.document.entry("tools").or_insert_with(|| {
            let mut tools = Table::new();
            tools.set_implicit(true);
            Item::Table(tools)
        });
        if let Some(tools) = tools.as_table_like_mut() {
            tools.insert(name.as_str(), Item::Table(tool));
        }
    }

    /// Takes a tool out; whether it was there.
    pub(crate) fn remove_tool(&mut self, name: &ToolName) -> bool {
        let tools = self.document.get_mut("tools").and_then(Item::as_table_like_mut);
        tools.is_some_and(|tools| tools.remove(name.as_str()).is_some())
    }

    /// Replaces the file: a crash leaves the old or the new one.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        pocket_runtime::write_atomic(&self.path, self.document.to_string().as_bytes(), FileMode::Shared)
            .context("cannot write `pocket.toml`")?;
        Ok(())
    }
}

fn rule(rule: &Rule) -> Value {
    if !rule.is_private() {
        return rule.to_string().into();
    }
    let mut table = InlineTable::new();
    table.insert("rule", rule.to_string().into());
    table.insert("private", true.into());
    Value::InlineTable(table)
}

fn folder(grant: &FolderGrant) -> (String, Value) {
    let mut table = InlineTable::new();
    table.insert("folder", grant.folder.display().to_string().into());
    let access = match grant.access {
        Access::Read => "read",
        Access::Write => "write",
    };
    table.insert("access", access.into());
    (grant.guest.clone(), Value::InlineTable(table))
}
