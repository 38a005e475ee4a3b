//! The provider file: its format, read into the types of this stage.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    base::{
        nearest::nearest,
        text::shown_on_one_line,
        word::{in_plain_words, key_of, some_word},
    },
    provider::{
        Placement, Provider, ProviderError, ScopeError, Sure,
        check::{self, Fault},
        handler_file::{HandlerFile, Shared, handlers_of},
        oauth2_file::OAuth2File,
        placement_file::PlacementFile,
        variable_file::VariableFile,
    },
};

/// The whole file.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of what is known of a provider: hosts, variables, oauth2"
)]
struct ProviderFile {
    title: Option<String>,
    #[serde(default)]
    hosts: Vec<String>,
    placement: Option<PlacementFile>,
    scope_error: Option<ScopeErrorFile>,
    #[serde(default)]
    token_prefixes: Vec<String>,
    /// What all handlers fill, but those that name variables of their own.
    variables: Option<Vec<VariableFile>>,
    /// The handler of tools that name none; may be left out where there is one handler.
    default: Option<String>,
    #[serde(default)]
    handlers: BTreeMap<String, HandlerFile>,
    oauth2: Option<OAuth2File>,
    #[serde(default, deserialize_with = "some_word")]
    sure: Option<SureFile>,
    checked: Option<String>,
    #[serde(default)]
    unsure: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of how a missing scope is told: error, name, scopes"
)]
struct ScopeErrorFile {
    error: String,
    name: String,
    scopes: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum SureFile {
    Vendor,
    Clients,
    Unchecked,
    Operator,
}

/// Lays `over` over `under`: the tables of which the format is made are merged, every other value is replaced.
pub(super) fn lay_over(under: &mut toml::Table, over: &toml::Table) {
    merge(under, over, &mut Vec::new());
}

fn merge<'a>(under: &mut toml::Table, over: &'a toml::Table, path: &mut Vec<&'a str>) {
    for (key, value) in over {
        path.push(key);
        let is_part_of_the_format = matches!(
            path.as_slice(),
            ["handlers" | "oauth2"] | ["handlers", _] | ["oauth2", "reply" | "user_reply" | "refresh"]
        );
        match (under.get_mut(key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) if is_part_of_the_format => {
                merge(inner, over, path);
            }
            (_, value) => {
                under.insert(key.clone(), value.clone());
            }
        }
        path.pop();
    }
}

/// Reads and checks the file of the provider `name`.
pub(super) fn read(name: &str, table: toml::Table) -> Result<Provider, ProviderError> {
    let not_valid = |fault: Fault| ProviderError::NotValid {
        provider: shown_on_one_line(name),
        message: fault.message,
        hint: fault.hint,
    };
    check::name("its name", name).map_err(not_valid)?;
    let keys = table.clone();
    let file: ProviderFile = table.try_into().map_err(|error| not_valid(misread(&error)))?;
    file.provider(name, &keys).map_err(not_valid)
}

/// What serde says of a file, beginning with the key, with the nearest of the keys that there are.
fn misread(error: &toml::de::Error) -> Fault {
    let said = error.to_string();
    let message = shown_on_one_line(&in_plain_words(error.message().trim()));
    let fault = match key_of(&said) {
        Some(key) => Fault::new(format!("`{}`: {message}", shown_on_one_line(key))),
        None => Fault::new(message.clone()),
    };
    let unknown = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown word `"))
        .and_then(|(_, rest)| rest.split_once('`'));
    let Some((unknown, rest)) = unknown else {
        return fault;
    };
    let known = rest.split('`').skip(1).step_by(2);
    match nearest(unknown, known) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault,
    }
}

impl ProviderFile {
    fn provider(self, name: &str, keys: &toml::Table) -> Result<Provider, Fault> {
        let Self {
            title,
            hosts,
            placement,
            scope_error,
            token_prefixes,
            variables,
            default,
            handlers,
            oauth2,
            sure,
            checked,
            unsure,
            notes,
        } = self;
        let oauth2 = oauth2.map(OAuth2File::oauth2).transpose()?;
        let shared = Shared {
            provider: name,
            variables,
            oauth2: oauth2.as_ref(),
        };
        let handlers = handlers_of(handlers, default, shared)?;
        check_unsure(&unsure, keys)?;
        Ok(Provider {
            operator_hosts: Vec::new(),
            name: name.to_owned(),
            title: check::words("title", title.as_deref().unwrap_or(name))?,
            hosts: each_once("hosts", hosts.iter().map(|host| check::host("hosts", host)))?,
            handlers,
            placement: match placement {
                Some(placement) => Some(placement.placement()?),
                // An operator who says nothing means what RFC 6750 section 2.1 says.
                None => (oauth2.is_some() && sure.is_none()).then(Placement::bearer),
            },
            scope_error: scope_error
                .map(ScopeErrorFile::scope_error)
                .transpose()?
                .map(std::sync::Arc::new),
            token_prefixes: each_once(
                "token_prefixes",
                token_prefixes
                    .iter()
                    .map(|prefix| check::words("token_prefixes", prefix)),
            )?,
            sure: match sure {
                Some(SureFile::Vendor) => Sure::Vendor,
                Some(SureFile::Clients) => Sure::Clients,
                Some(SureFile::Unchecked) => Sure::Unchecked,
                Some(SureFile::Operator) | None => Sure::Operator,
            },
            checked: checked.map(|day| check::day("checked", &day)).transpose()?,
            unsure,
            notes: notes
                .iter()
                .map(|note| check::words("notes", note))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// What is not sure must be there.
fn check_unsure(unsure: &[String], keys: &toml::Table) -> Result<(), Fault> {
    match unsure.iter().find(|key| !has_key(keys, key)) {
        None => Ok(()),
        Some(key) => Err(Fault::new(format!(
            "`unsure`: the file has no such key: `{}`",
            shown_on_one_line(key)
        ))),
    }
}

impl ScopeErrorFile {
    fn scope_error(self) -> Result<ScopeError, Fault> {
        Ok(ScopeError {
            error: check::pointer("scope_error.error", &self.error)?,
            name: check::words("scope_error.name", &self.name)?,
            scopes: check::pointer("scope_error.scopes", &self.scopes)?,
        })
    }
}

/// A list in which nothing stands twice.
pub(super) fn each_once(key: &str, items: impl Iterator<Item = Result<String, Fault>>) -> Result<Vec<String>, Fault> {
    let mut seen = BTreeSet::new();
    items
        .map(|item| {
            let item = item?;
            if seen.insert(item.clone()) {
                Ok(item)
            } else {
                Err(Fault::new(format!(
                    "`{key}`: this is there twice: `{}`",
                    shown_on_one_line(&item)
                )))
            }
        })
        .collect()
}

/// Whether a file has this key: `oauth2.refresh.idle_days`.
fn has_key(table: &toml::Table, path: &str) -> bool {
    match path.split_once('.') {
        None => table.contains_key(path),
        Some((first, rest)) => table
            .get(first)
            .and_then(toml::Value::as_table)
            .is_some_and(|inner| has_key(inner, rest)),
    }
}
