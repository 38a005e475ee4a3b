//! What a project's files ask for, which holds only once a person on this machine agreed.

use crate::{
    auth::StoreUrl,
    base::{digest::Digest, text::shown_on_one_line},
    sandbox::Limits,
    settings::{SettingsError, layer::Layer, proxy_file, tool_file::ToolFile},
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
    /// The same without the lock, which `pocket` itself writes.
    files: Digest,
}

impl ProjectAsks {
    /// Of no project.
    pub(super) fn none() -> Self {
        Self {
            lines: Vec::new(),
            digest: Digest::of_parts([]),
            files: Digest::of_parts([]),
        }
    }

    /// Whether `pocket.toml` and `.secrets.toml` say the same in both: then what else changed stands in `pocket.lock`.
    #[must_use]
    pub fn same_but_for_the_lock(&self, other: &Self) -> bool {
        self.files == other.files
    }

    /// Whether there is nothing to agree to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn of<'a>(
        lock: Option<String>,
        user: Option<&Layer>,
        layers: impl IntoIterator<Item = Option<&'a Layer>>,
    ) -> Result<Self, SettingsError> {
        let mut lines = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        let own = match user {
            Some(user) => user.parsed()?.limits.over(Limits::default()),
            None => Limits::default(),
        };
        for layer in layers {
            let table = layer.map(Layer::table);
            if let Some(layer) = layer {
                lines.extend(layer.parsed()?.limits.raised_over(&own));
            }
            lines.extend(table.map(|table| in_words(&asking_part(table))).unwrap_or_default());
            // All of it: what only takes away, such as `deny`, gives something when it goes.
            parts.push(table.map(ToString::to_string).unwrap_or_default());
        }
        let files = Digest::of_parts(parts.iter().map(String::as_bytes));
        if let Some(lock) = lock {
            lines.extend(lock_in_words(&lock));
            parts.push(lock);
        }
        Ok(Self {
            lines,
            digest: Digest::of_parts(parts.iter().map(String::as_bytes)),
            files,
        })
    }
}

/// What is left of a file when all is taken out that can neither grant nor redefine anything. What raises a limit is told of
/// elsewhere.
fn asking_part(table: &toml::Table) -> toml::Table {
    let mut asking = table.clone();
    for harmless in ["limits", "deny"] {
        asking.remove(harmless);
    }
    asking
}

/// What each tool of a lock is granted. A text that is no lock grants nothing: opening it fails.
fn lock_in_words(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let tools = table.get("tools").and_then(toml::Value::as_table).into_iter().flatten();
    let lines = tools.map(|(name, entry)| {
        let word = |key: &str| {
            let text = entry.get(key).and_then(toml::Value::as_str)?;
            Some(shown_on_one_line(text))
        };
        let mut line = format!(
            "`pocket.lock`: the tool `{}` from {}",
            shown_on_one_line(name),
            word("source").unwrap_or_else(|| "?".to_owned())
        );
        if let Some(commit) = word("commit") {
            line.push_str(&format!(", commit {commit}"));
        }
        if let Some(grant) = entry.get("grant").filter(|grant| !is_nothing(grant)) {
            line.push_str(&format!(", granted {}", shown_on_one_line(&grant.to_string())));
        }
        if let Some(auth) = entry.get("auth") {
            line.push_str(&format!(", agreed for {}", shown_on_one_line(&auth.to_string())));
        }
        line
    });
    lines.collect()
}

fn is_nothing(grant: &toml::Value) -> bool {
    grant.as_table().is_some_and(|grant| {
        grant
            .iter()
            .all(|(key, value)| key == "credential" && value.as_str() == Some("withheld"))
    })
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
                "providers" => format!(
                    "its own endpoints and hosts for `{name}`: {}",
                    shown_on_one_line(&entry.to_string())
                ),
                "tools" => ToolFile::in_words(&name, entry),
                "callback" => format!(
                    "where sign-ins come back to: {name} = {}",
                    shown_on_one_line(&entry.to_string())
                ),
                "credentials" => format!(
                    "how tools get their credentials: {name} = {}",
                    shown_on_one_line(&entry.to_string())
                ),
                "network" if name == "proxy" => proxy_file::in_words(entry),
                "store" => store_in_words(&name, entry),
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

/// Whoever keeps the tokens and has their key has the tokens, so a server is named; its password is not.
fn store_in_words(name: &str, entry: &toml::Value) -> String {
    let url = entry.as_str().filter(|_| name.ends_with("url"));
    match url.map(str::parse::<StoreUrl>) {
        Some(Ok(url)) if name == "url" => format!("that all tokens are kept on the server {url}"),
        Some(Ok(url)) => format!("that pending sign-ins are kept on the server {url}"),
        Some(Err(_)) => format!("where tokens are kept: {name}"),
        None => format!("where the key of the token store is: {name}"),
    }
}
