//! `[tools.<name>]`, as a layer has it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    base::{
        name::ToolName,
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
