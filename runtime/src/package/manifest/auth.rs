//! `auth`: what the tool has to be signed in to.

use crate::{
    package::{
        AuthRequirement, Severity, TokenKind,
        fault::shortened,
        manifest::reader::{Fields, Item, Report},
    },
    provider::{ProviderError, Providers, Scopes},
};

const KNOWN: &[&str] = &["auth_provider", "auth_handler", "scopes", "token"];

/// Where a manifest's provider and handler are looked up.
pub(crate) trait Handlers {
    /// The handler of that name of the provider, or its default one.
    ///
    /// # Errors
    /// When there is no such provider or handler.
    fn asked(&self, provider: &str, handler: Option<&str>) -> Result<AskedHandler, ProviderError>;
}

/// What a manifest's reader has to know of the handler that it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedHandler {
    /// Its name.
    pub(crate) name: String,
    /// Whether scopes can be asked for.
    pub(crate) scopes: Scopes,
    /// The names of the environment variables that it fills.
    pub(crate) variables: Vec<String>,
    /// How many hosts its provider's credential may go to.
    pub(crate) hosts: usize,
}

impl Handlers for Providers {
    fn asked(&self, provider: &str, handler: Option<&str>) -> Result<AskedHandler, ProviderError> {
        let provider = self.find(provider)?;
        let handler = provider.handler(handler)?;
        Ok(AskedHandler {
            name: handler.name.clone(),
            scopes: handler.scopes,
            variables: handler.variables.iter().map(|variable| variable.name.clone()).collect(),
            hosts: provider.hosts.len(),
        })
    }
}

pub(super) fn read<'t>(
    item: &Item<'t>,
    handlers: &impl Handlers,
    report: &mut Report<'t>,
) -> Option<(AuthRequirement, Option<AskedHandler>)> {
    let fields = report.object(item)?;
    report.unknown_fields(&fields, KNOWN, Severity::Error);
    let provider = match fields.get("auth_provider") {
        Some(provider) => report.string(&provider).map(str::to_lowercase),
        None => {
            let hint = "name the provider: `\"auth_provider\": \"slack\"`";
            report.missing(&fields, "auth_provider", hint);
            None
        }
    };
    let handler = fields
        .get("auth_handler")
        .and_then(|item| report.string(&item))
        .map(str::to_owned);
    let scopes = fields
        .get("scopes")
        .map(|item| scopes(&item, report))
        .unwrap_or_default();
    let token = fields
        .get("token")
        .and_then(|item| token(&item, report))
        .unwrap_or_default();
    let provider = provider?;
    let asked = match handlers.asked(&provider, handler.as_deref()) {
        Ok(asked) => Some(asked),
        Err(error) => {
            not_found(&error, item, &fields, report);
            None
        }
    };
    if let Some(AskedHandler {
        name,
        scopes: Scopes::None,
        ..
    }) = &asked
        && !scopes.is_empty()
        && let Some(item) = fields.get("scopes")
    {
        let message = format!("the tokens of `{}` have no scopes to ask for", shortened(name));
        report.error(&item, message, Some("remove `scopes`, or name another `auth_handler`"));
    }
    let requirement = AuthRequirement {
        handler,
        scopes,
        token,
        ..AuthRequirement::new(provider)
    };
    Some((requirement, asked))
}

fn not_found<'t>(error: &ProviderError, auth: &Item<'t>, fields: &Fields<'t>, report: &mut Report<'t>) {
    let near = |nearest: &Option<String>| nearest.as_ref().map(|near| format!("did you mean `{near}`?"));
    match error {
        ProviderError::Unknown { name, nearest, .. } => {
            let at = fields.get("auth_provider").unwrap_or_else(|| auth.clone());
            let hint = near(nearest).unwrap_or_else(|| {
                "`pocket auth providers` lists those there are; `[providers.NAME]` in pocket.toml adds one".to_owned()
            });
            let message = format!("no provider has this name: `{}`", shortened(name));
            report.error(&at, message, Some(&hint));
        }
        ProviderError::UnknownHandler { provider, name, .. } => {
            let at = fields.get("auth_handler").unwrap_or_else(|| auth.clone());
            let message = format!(
                "`{}` has no handler of this name: `{}`",
                shortened(provider),
                shortened(name)
            );
            report.error(&at, message, Some(&error.hints().join(" ")));
        }
        #[allow(unreachable_patterns, reason = "the provider stage may have more ways to refuse")]
        other => report.error(auth, shortened(&other.to_string()), None),
    }
}

/// The scopes, sorted, each once.
fn scopes<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Vec<String> {
    let mut scopes = Vec::new();
    for item in report.array(item).unwrap_or_default() {
        let Some(scope) = report.string(&item) else {
            continue;
        };
        // RFC 6749 section 3.3, `scope-token`: anything else could read as two scopes, or end the parameter.
        let is_one = !scope.is_empty() && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if is_one {
            scopes.push(scope.to_owned());
        } else {
            report.error(
                &item,
                format!(
                    "a scope is one word of ASCII letters, digits and signs: `{}`",
                    shortened(scope)
                ),
                Some("write each scope as an item of its own"),
            );
        }
    }
    scopes.sort();
    scopes.dedup();
    scopes
}

fn token<'t>(item: &Item<'t>, report: &mut Report<'t>) -> Option<TokenKind> {
    match report.string(item)? {
        "bot" => Some(TokenKind::Bot),
        "user" => Some(TokenKind::User),
        _other => {
            report.unexpected(item, "`bot` or `user`");
            None
        }
    }
}
