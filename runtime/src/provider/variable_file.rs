//! The `variables` of a provider file: their format, read into the types of this stage.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    base::{text::shown_on_one_line, word::some_word},
    provider::{
        FieldsEntry, Flow, Secrecy, Variable,
        check::{self, Fault},
    },
};

/// The value that is made of two typed fields.
pub(super) const BASIC: &str = "basic";
/// The token of an account.
pub(super) const ACCESS_TOKEN: &str = "access_token";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of a variable: name, field, secrecy")]
pub(super) struct VariableFile {
    name: String,
    field: Option<String>,
    /// Left out: as secret as the field.
    #[serde(default, deserialize_with = "some_word")]
    secrecy: Option<SecrecyFile>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SecrecyFile {
    Secret,
    Public,
}

impl SecrecyFile {
    pub(super) const fn secrecy(self) -> Secrecy {
        match self {
            Self::Secret => Secrecy::Secret,
            Self::Public => Secrecy::Public,
        }
    }
}

impl VariableFile {
    /// Of a file that names none: `ACME_TOKEN`.
    pub(super) fn token_of(provider: &str) -> Self {
        Self {
            name: format!("{}_TOKEN", provider.to_ascii_uppercase().replace('-', "_")),
            field: None,
            secrecy: None,
        }
    }
}

pub(super) fn variables_of(files: &[VariableFile], flow: &Flow, handler: &str) -> Result<Vec<Variable>, Fault> {
    if files.is_empty() {
        return Err(Fault::new(format!("`variables`: the handler `{handler}` fills none"))
            .hint("add `variables = [{ name = \"ACME_TOKEN\" }]`"));
    }
    let mut names = BTreeSet::new();
    let variables: Vec<Variable> = files
        .iter()
        .map(|VariableFile { name, field, secrecy }| {
            let name = check::variable(name)?;
            if !names.insert(name.clone()) {
                return Err(Fault::new(format!("`variables`: this one is there twice: `{name}`")));
            }
            let field = field.as_deref().unwrap_or(ACCESS_TOKEN);
            let Some(least) = secrecy_of(field, flow) else {
                return Err(Fault::new(format!(
                    "`variables`: the handler `{handler}` has no such field: `{}`",
                    shown_on_one_line(field)
                )));
            };
            let secrecy = match (secrecy, least) {
                (Some(SecrecyFile::Public), Least::Secret) => {
                    return Err(Fault::new(format!("`variables`: a token is never public: `{name}`")));
                }
                (Some(SecrecyFile::Public), Least::Open | Least::Public) | (None, Least::Public) => Secrecy::Public,
                (Some(SecrecyFile::Secret), _) | (None, Least::Secret | Least::Open) => Secrecy::Secret,
            };
            Ok(Variable {
                name,
                field: field.to_owned(),
                secrecy,
            })
        })
        .collect::<Result<_, _>>()?;
    if let Flow::Fields(entry) = flow
        && let Some(unused) = unused(entry, &variables)
    {
        return Err(Fault::new(format!(
            "`handlers.{handler}.fields`: no variable has this one: `{unused}`"
        )));
    }
    Ok(variables)
}

/// How secret a field is.
enum Least {
    Secret,
    /// As the variable says; secret where it says nothing.
    Open,
    Public,
}

/// `None`: the flow has no such field.
fn secrecy_of(field: &str, flow: &Flow) -> Option<Least> {
    match flow {
        Flow::OAuth2(_) | Flow::Device(_) | Flow::ClientCredentials(_) | Flow::Token(_) if field == ACCESS_TOKEN => {
            Some(Least::Secret)
        }
        Flow::OAuth2(oauth2) | Flow::Device(oauth2) | Flow::ClientCredentials(oauth2) => {
            oauth2.has_field(field).then_some(Least::Open)
        }
        Flow::Token(_) => None,
        Flow::Fields(entry) if field == BASIC => entry.basic.as_ref().map(|_basic| Least::Secret),
        Flow::Fields(entry) => {
            let typed = entry.fields.iter().find(|typed| typed.name == field)?;
            Some(match typed.secrecy {
                Secrecy::Secret => Least::Secret,
                Secrecy::Public => Least::Public,
            })
        }
    }
}

/// A field that would be typed for nothing.
fn unused<'a>(entry: &'a FieldsEntry, variables: &[Variable]) -> Option<&'a str> {
    let is_in_basic = |name: &str| {
        entry
            .basic
            .as_ref()
            .is_some_and(|basic| basic.username == name || basic.password == name)
    };
    let is_used = |name: &str| is_in_basic(name) || variables.iter().any(|variable| variable.field == name);
    let mut names = entry.fields.iter().map(|field| field.name.as_str());
    names.find(|name| !is_used(name))
}
