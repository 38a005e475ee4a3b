//! A token ready to use, with all that holds for its use.

use std::sync::{Arc, OnceLock};

use crate::{
    auth::{flow::fields::BASIC, record::Record, resolve::Resolved},
    base::{clock::UnixTime, name::Profile, redactor::Redactor, secret::Secret},
    package::{AccountOwner, TokenKind},
    provider::{Flow, Placement, ScopeError, Secrecy, Variable},
};

/// The field of an account that holds its token, or the secret that was typed.
const ACCESS_TOKEN: &str = "access_token";

/// A token ready to use: the variables it fills, and the hosts it may go to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Credential {
    /// The provider's name.
    pub provider: Arc<str>,
    /// The handler's name.
    pub handler: Arc<str>,
    /// Whose account it is of.
    pub profile: Profile,
    /// Whose token.
    pub kind: TokenKind,
    /// Which tools share the account.
    pub owner: AccountOwner,
    /// The scopes it has.
    pub scopes: Arc<[String]>,
    /// Name and value of each environment variable.
    pub variables: Arc<[(String, CredentialValue)]>,
    /// `host` or `host:port`: the only places it may be sent to, over https (or http to a literal loopback address).
    pub hosts: Arc<[String]>,
    /// The provider's own endpoints (authorize, token, revoke, ...), refused to guests: `https://host[:port]/path`.
    pub endpoints: Arc<[String]>,
    /// The one place of a request in which it goes.
    pub placement: Option<Placement>,
    /// What its provider's tokens begin with, as anybody knows.
    pub token_prefixes: Arc<[String]>,
    /// How the provider's API says that it lacks a scope, where that is not as RFC 6750 has it.
    pub scope_error: Option<Arc<ScopeError>>,
    /// When it ends, if it does.
    pub expires_at: Option<UnixTime>,
    /// Counts up whenever the token changes.
    pub version: u64,
    /// Secrets that can be read out of a variable's value, and that variable's name.
    pub(crate) within: Arc<[(String, Secret)]>,
    /// Made when first asked for; all clones share it.
    pub(crate) redactor: Arc<OnceLock<Arc<Redactor>>>,
}

/// What an environment variable of a credential holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialValue {
    /// Not to be shown.
    Secret(Secret),
    /// An instance's URL, a data centre, ...
    Public(String),
}

impl Credential {
    /// From an account's record, and what the provider's file says now. A variable for which the account has no value is left out.
    pub(super) fn of(resolved: &Resolved<'_>, record: &Record) -> Self {
        let variables = resolved.handler.variables.iter();
        Self {
            provider: resolved.account.provider.as_str().into(),
            handler: resolved.account.handler.as_str().into(),
            profile: resolved.account.profile.clone(),
            kind: resolved.account.kind,
            owner: resolved.account.owner.clone(),
            scopes: record.scopes.as_slice().into(),
            variables: variables.filter_map(|variable| filled(variable, record)).collect(),
            hosts: hosts(resolved, record),
            endpoints: resolved.clone().with(record.told.as_ref()).endpoints().into(),
            placement: resolved.provider.placement.clone(),
            token_prefixes: resolved.provider.token_prefixes.as_slice().into(),
            scope_error: resolved.provider.scope_error.clone(),
            expires_at: record.expires_at,
            version: record.token_version,
            within: within(resolved, record),
            redactor: Arc::default(),
        }
    }

    /// Its secret values, by the name of the variable that holds each.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.variables.iter().filter_map(|(name, value)| match value {
            CredentialValue::Secret(secret) => Some((name.as_str(), secret)),
            CredentialValue::Public(_) => None,
        })
    }

    /// Those, and what of them opens as much in another form.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let within = self.within.iter().map(|(name, secret)| (name.as_str(), secret));
        self.secrets().chain(within)
    }

    /// What finds its secrets in what a tool gives.
    pub(crate) fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(self.redactor.get_or_init(|| Arc::new(Redactor::of(self.hidden()))))
    }
}

/// The provider's hosts, and those of the account's own that were fixed when it signed in.
fn hosts(resolved: &Resolved<'_>, record: &Record) -> Arc<[String]> {
    let own = resolved.oauth().into_iter().flat_map(|oauth| &oauth.host_fields);
    let own = own.filter_map(|(field, pattern)| pattern.host_in(record.fields.get(field)?.expose()));
    let mut hosts = resolved.provider.hosts.clone();
    for host in own {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.into()
}

/// The password that stands in a value for basic authentication, which says no more than base64 hides.
fn within(resolved: &Resolved<'_>, record: &Record) -> Arc<[(String, Secret)]> {
    let Flow::Fields(entry) = &resolved.handler.flow else {
        return Arc::default();
    };
    let password = entry
        .basic
        .as_ref()
        .and_then(|basic| record.fields.get(&basic.password));
    let variables = resolved
        .handler
        .variables
        .iter()
        .filter(|variable| variable.field == BASIC);
    let pairs = variables.filter_map(|variable| Some((variable.name.clone(), password?.clone())));
    pairs.collect()
}

fn filled(variable: &Variable, record: &Record) -> Option<(String, CredentialValue)> {
    let value = match variable.field.as_str() {
        ACCESS_TOKEN => record.access.as_ref()?,
        other => record.fields.get(other)?,
    };
    let value = match variable.secrecy {
        Secrecy::Secret => CredentialValue::Secret(value.clone()),
        Secrecy::Public => CredentialValue::Public(value.expose().to_owned()),
    };
    Some((variable.name.clone(), value))
}

#[cfg(any(test, feature = "fuzzing"))]
impl Credential {
    /// One secret variable and nowhere to go.
    pub(crate) fn for_tests(variable: &str, token: &str) -> Self {
        Self {
            provider: "slack".into(),
            handler: "slack-token".into(),
            profile: Profile::default(),
            kind: TokenKind::Bot,
            owner: AccountOwner::SHARED,
            scopes: Arc::new([]),
            variables: Arc::new([(variable.to_owned(), CredentialValue::Secret(Secret::new(token)))]),
            hosts: Arc::new([]),
            endpoints: Arc::new([]),
            placement: None,
            token_prefixes: Arc::new([]),
            scope_error: None,
            expires_at: None,
            version: 1,
            within: Arc::default(),
            redactor: Arc::default(),
        }
    }
}
