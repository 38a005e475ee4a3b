//! What a project's files ask for, which holds only once a person on this machine agreed.

use std::path::Path;

use crate::{
    base::{digest::Digest, text::shown_on_one_line},
    settings::layer::Layer,
};

/// What a project's `pocket.toml`, `.secrets.toml` and `pocket.lock` say of providers, clients, grants, folders and the network.
///
/// A cloned folder could otherwise spend the user's tokens: the files ask, and a person answers once for this very content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectAsks {
    /// In plain words, one thing a line, safe to show; never a secret's value.
    pub lines: Vec<String>,
    /// Changes when any of it changes.
    pub digest: Digest,
}

impl ProjectAsks {
    /// Of no project.
    pub(super) fn none() -> Self {
        Self {
            lines: Vec::new(),
            digest: Digest::of_parts([]),
        }
    }

    /// Whether there is nothing to agree to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn of<'a>(project: &Path, layers: impl IntoIterator<Item = Option<&'a Layer>>) -> Self {
        let mut lines = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        for table in layers.into_iter().flatten().map(Layer::table) {
            let asking = asking_part(table);
            if asking.is_empty() {
                continue;
            }
            lines.extend(in_words(&asking));
            parts.push(asking.to_string());
        }
        if let Ok(lock) = std::fs::read_to_string(project.join("pocket.lock")) {
            lines.push("the grants in `pocket.lock`".to_owned());
            parts.push(lock);
        }
        Self {
            lines,
            digest: Digest::of_parts(parts.iter().map(String::as_bytes)),
        }
    }
}

/// What is left of a file when all is taken out that can neither grant nor redefine anything.
fn asking_part(table: &toml::Table) -> toml::Table {
    let mut asking = table.clone();
    for harmless in ["limits", "deny"] {
        asking.remove(harmless);
    }
    asking
}

fn in_words(asking: &toml::Table) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, value) in asking {
        let Some(entries) = value.as_table() else {
            lines.push(format!("`{}`", shown_on_one_line(key)));
            continue;
        };
        for (name, entry) in entries {
            let name = shown_on_one_line(name);
            lines.push(match key.as_str() {
                "auth" => format!("its own client for signing in to `{name}`"),
                "providers" => format!("its own endpoints and hosts for `{name}`: {}", keys(entry)),
                "tools" => tool_in_words(&name, entry),
                "callback" => format!(
                    "where sign-ins come back to: {name} = {}",
                    shown_on_one_line(&entry.to_string())
                ),
                "store" => format!("where the key of the token store is: {name}"),
                other => format!(
                    "{}.{name} = {}",
                    shown_on_one_line(other),
                    shown_on_one_line(&entry.to_string())
                ),
            });
        }
    }
    lines
}

fn tool_in_words(name: &str, entry: &toml::Value) -> String {
    let source = entry.get("source").and_then(toml::Value::as_str).unwrap_or("?");
    let mut line = format!("the tool `{name}` from {}", shown_on_one_line(source));
    if let Some(grant) = entry.get("grant") {
        line.push_str(&format!(", granted {}", shown_on_one_line(&grant.to_string())));
    }
    if let Some(variables) = entry.get("variables") {
        line.push_str(&format!(", with variables {}", keys(variables)));
    }
    line
}

fn keys(value: &toml::Value) -> String {
    let names: Vec<String> = value
        .as_table()
        .into_iter()
        .flat_map(toml::Table::keys)
        .map(|key| shown_on_one_line(key))
        .collect();
    names.join(", ")
}
