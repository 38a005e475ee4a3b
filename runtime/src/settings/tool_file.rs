//! `[tools.<name>]`, as a layer has it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    base::{
        name::ToolName,
        text::shown_on_one_line,
        word::{some_word, word},
    },
    package::{Access, FolderGrant, Rule},
    sandbox::CredentialsMode,
    settings::{Place, SettingsError, ToolSettings, file::replace},
};

#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a table of a tool: source, variables, grant"
)]
pub(super) struct ToolFile {
    source: Option<String>,
    variables: BTreeMap<String, String>,
    #[serde(deserialize_with = "some_word")]
    credentials: Option<CredentialsMode>,
    #[serde(deserialize_with = "some_word")]
    account: Option<Account>,
    grant: GrantFile,
}

/// Which account a tool uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Account {
    /// The one that all tools of a profile share.
    #[default]
    Shared,
    /// One that no other tool uses.
    Own,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table of what is granted: http, files")]
struct GrantFile {
    http: Vec<RuleFile>,
    files: BTreeMap<String, FolderFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with a `folder` and the `access` to it")]
struct FolderFile {
    folder: PathBuf,
    #[serde(deserialize_with = "word")]
    access: Access,
}

/// A rule as text, or with the word that opens inner addresses.
#[derive(Debug)]
pub(super) struct RuleFile(pub(super) Rule);

impl<'de> Deserialize<'de> for RuleFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a rule such as \"GET https://api.example.com/*\", or { rule = \"…\", private = true }"
        )]
        enum Written {
            Text(String),
            Table {
                #[serde(alias = "allow")]
                rule: String,
                #[serde(default)]
                private: bool,
            },
        }
        let (text, private) = match Written::deserialize(deserializer)? {
            Written::Text(text) => (text, false),
            Written::Table { rule, private } => (rule, private),
        };
        let rule: Rule = text.parse().map_err(D::Error::custom)?;
        Ok(Self(if private { rule.private() } else { rule }))
    }
}

impl ToolFile {
    /// All that a layer says of a tool, in plain words: a key that is left out here could be changed unseen.
    pub(super) fn in_words(name: &str, entry: &toml::Value) -> String {
        let written = |key: &str| entry.get(key).map(|value| shown_on_one_line(&value.to_string()));
        let Ok(file) = Self::deserialize(entry.clone()) else {
            // Reading the settings fails too.
            return format!("the tool `{name}`: {}", shown_on_one_line(&entry.to_string()));
        };
        let Self {
            source,
            variables,
            credentials,
            account,
            // As it is written, with all its keys.
            grant: _,
        } = file;
        let source = shown_on_one_line(source.as_deref().unwrap_or("?"));
        let mut line = format!("the tool `{name}` from {source}");
        if account.unwrap_or_default() == Account::Own {
            line.push_str(", with an account of its own");
        } else if account.is_some() {
            line.push_str(", with the account that all tools share");
        }
        match credentials {
            None => {}
            Some(CredentialsMode::Env) => line.push_str(", which holds its token itself: credentials = \"env\""),
            Some(CredentialsMode::Brokered) => {
                line.push_str(", with a placeholder for its token: credentials = \"brokered\"")
            }
        }
        if let Some(grant) = written("grant") {
            line.push_str(&format!(", granted {grant}"));
        }
        if !variables.is_empty() {
            // Their values may be secrets.
            let names: Vec<String> = variables.keys().map(|name| shown_on_one_line(name)).collect();
            line.push_str(&format!(", with variables {}", names.join(", ")));
        }
        line
    }

    pub(super) fn overlay(&mut self, over: Self) {
        let Self {
            source,
            variables,
            credentials,
            account,
            grant,
        } = over;
        replace(&mut self.source, source);
        replace(&mut self.credentials, credentials);
        replace(&mut self.account, account);
        self.variables.extend(variables);
        self.grant.http.extend(grant.http);
        self.grant.files.extend(grant.files);
    }

    pub(super) fn named(self, name: &str, project: &Path) -> Result<(ToolName, ToolSettings), SettingsError> {
        let refused = |message: String, hint: &str| SettingsError::NotValid {
            place: Place {
                file: format!("[tools.{name}]"),
                line_and_column: None,
            },
            message,
            hint: Some(hint.to_owned()),
        };
        let key: ToolName = name
            .parse()
            .map_err(|e: crate::NotAToolName| refused(e.to_string(), "rename the table"))?;
        let source = self.source.ok_or_else(|| {
            refused(
                "it has no `source`".to_owned(),
                "write where the tool comes from: source = \"./tools/echo\"",
            )
        })?;
        let files = self.grant.files.into_iter();
        let files = files
            .map(|(guest, FolderFile { folder, access })| FolderGrant {
                guest,
                folder: project.join(folder),
                access,
            })
            .collect();
        Ok((
            key,
            ToolSettings {
                source,
                variables: self.variables,
                credentials: self.credentials,
                own_account: self.account.unwrap_or_default() == Account::Own,
                http: self.grant.http.into_iter().map(|rule| rule.0).collect(),
                files,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_tool_is_shown_and_no_value_of_a_variable() {
        let text = "source = \"./t\"\ncredentials = \"env\"\naccount = \"shared\"\nvariables.A = \"hunter2\"\n\
                    grant.http = [{ rule = \"https://a.example\", private = true }]\n";
        let entry: toml::Table = text.parse().unwrap_or_default();
        let shown = ToolFile::in_words("t", &toml::Value::Table(entry));
        for part in ["./t", "\"env\"", "all tools share", "variables A", "private = true"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("hunter2"), "{shown}");
        let brokered: toml::Table = "credentials = \"brokered\"".parse().unwrap_or_default();
        let shown = ToolFile::in_words("t", &toml::Value::Table(brokered));
        assert!(shown.contains("\"brokered\""), "{shown}");
    }
}
