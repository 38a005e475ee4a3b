//! From what a tool needs to the account that meets it.

use crate::{
    auth::{AccountId, Client, Settings},
    base::name::Profile,
    package::{AuthRequirement, TokenKind},
    provider::{Flow, Handler, ImpliedScopes, Metadata, OAuth2, Provider, ProviderError, Providers, Redirect, Scopes},
};

/// An account, and what the provider's file says of how it is obtained and used.
#[derive(Clone)]
pub(super) struct Resolved<'a> {
    pub(super) account: AccountId,
    pub(super) provider: &'a Provider,
    pub(super) handler: &'a Handler,
    /// The operator's client, where the handler needs one and there is one.
    pub(super) client: Option<&'a Client>,
    /// The authorization server with the endpoints that its issuer told.
    told: Option<Box<OAuth2>>,
}

/// How a token that ends is followed by another without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// By the refresh token, where there is one.
    RefreshToken,
    /// The client asks for another.
    Client,
}

/// The accounts that can meet a need, the first choice first: the handler that the tool names, or the provider's default one
/// and after it those that fill the same variables. All are of the same owner: a tool that has an account of its own uses no
/// shared one, nor any other tool that one.
pub(super) fn resolve<'a>(
    providers: &'a Providers,
    settings: &'a Settings,
    profile: &Profile,
    need: &AuthRequirement,
) -> Result<(Resolved<'a>, Vec<Resolved<'a>>), ProviderError> {
    let provider = providers.find(&need.provider)?;
    let chosen = provider.handler(need.handler.as_deref())?;
    let resolved = |handler| of_handler(settings, profile, provider, handler, need);
    let others = match need.handler {
        Some(_) => Vec::new(),
        None => {
            let same = provider.handlers.iter().filter(|other| fills_the_same(other, chosen));
            same.map(resolved).collect()
        }
    };
    Ok((resolved(chosen), others))
}

/// The client's own tokens are nobody's account: they are given where a tool names them, or where they are all there is.
fn fills_the_same(other: &Handler, chosen: &Handler) -> bool {
    if matches!(other.flow, Flow::ClientCredentials(_)) {
        return false;
    }
    let fills = |name: &str| other.variables.iter().any(|variable| variable.name == name);
    other.name != chosen.name && chosen.variables.iter().all(|variable| fills(&variable.name))
}

fn of_handler<'a>(
    settings: &'a Settings,
    profile: &Profile,
    provider: &'a Provider,
    handler: &'a Handler,
    need: &AuthRequirement,
) -> Resolved<'a> {
    let client = handler
        .flow
        .oauth2()
        .and_then(|_oauth| settings.clients.get(&provider.name));
    let wanted = client.and_then(|client| client.token).unwrap_or(need.token);
    let kind = if has_both_kinds(provider) {
        wanted
    } else {
        TokenKind::Bot
    };
    Resolved {
        account: AccountId {
            profile: profile.clone(),
            provider: provider.name.clone(),
            handler: handler.name.clone(),
            kind,
            client_id: client.map(|client| client.client_id.clone()).unwrap_or_default(),
            owner: need.owner.clone(),
        },
        provider,
        handler,
        client,
        told: None,
    }
}

/// A provider that has one kind of token has one account, whichever kind a tool asks for.
fn has_both_kinds(provider: &Provider) -> bool {
    let mut servers = provider.handlers.iter().filter_map(|handler| handler.flow.oauth2());
    servers.any(|oauth| oauth.user.is_some())
}

/// What the files say now of an account that is there already; its client only where that is still the operator's.
pub(super) fn of_account<'a>(
    providers: &'a Providers,
    settings: &'a Settings,
    account: &AccountId,
) -> Result<Resolved<'a>, ProviderError> {
    let provider = providers.find(&account.provider)?;
    let handler = provider.handler(Some(&account.handler))?;
    let client = settings.clients.get(&provider.name);
    Ok(Resolved {
        account: account.clone(),
        provider,
        handler,
        client: client.filter(|client| client.client_id == account.client_id),
        told: None,
    })
}

impl<'a> Resolved<'a> {
    /// With what its issuer told of the endpoints that the file leaves out.
    pub(super) fn with(mut self, told: Option<&Metadata>) -> Self {
        if let (Some(_issuer), Some(file), Some(told)) =
            (self.handler.flow.discovers(), self.handler.flow.oauth2(), told)
        {
            self.told = Some(Box::new(told.laid_under(file)));
        }
        self
    }

    /// The authorization server, where the handler has one.
    pub(super) fn oauth(&self) -> Option<&OAuth2> {
        self.told.as_deref().or_else(|| self.handler.flow.oauth2())
    }

    /// How its tokens are renewed.
    pub(super) fn renewal(&self) -> Renewal {
        match (&self.handler.flow, self.client) {
            (Flow::ClientCredentials(_), Some(_)) => Renewal::Client,
            (Flow::ClientCredentials(_) | Flow::OAuth2(_) | Flow::Device(_) | Flow::Token(_) | Flow::Fields(_), _) => {
                Renewal::RefreshToken
            }
        }
    }

    /// The scopes of a need that count: none where the handler's tokens are what they are.
    pub(super) fn scopes<'n>(&self, need: &'n AuthRequirement) -> Option<&'n [String]> {
        match self.handler.scopes {
            Scopes::Asked => Some(&need.scopes),
            Scopes::None => None,
        }
    }

    /// Which scopes come with others that were granted.
    pub(super) fn implied_scopes(&self) -> Option<&'a ImpliedScopes> {
        self.handler.flow.oauth2().map(|oauth| &oauth.implied_scopes)
    }

    /// How long before its end a token is renewed at the latest.
    pub(super) fn early(&self) -> std::time::Duration {
        let oauth = self.handler.flow.oauth2();
        oauth.and_then(|oauth| oauth.refresh.early).unwrap_or_default()
    }

    /// What an account of this handler belongs to: the origins of the endpoints in the file, of which a typed token has none,
    /// the issuer who tells the others, and the hosts that the operator added. Else a project could have a token that is there
    /// already sent to a host of its own.
    pub(super) fn origins(&self) -> Vec<String> {
        let mut origins = self.handler.flow.oauth2().map(OAuth2::origins).unwrap_or_default();
        origins.extend(self.handler.flow.discovers().map(|issuer| format!("issuer {issuer}")));
        origins.extend(self.provider.operator_hosts.iter().map(|host| format!("host {host}")));
        origins
    }

    /// The endpoints of every handler of the provider: a typed token may not be sent to them either.
    pub(super) fn endpoints(&self) -> Vec<String> {
        let mut all: Vec<String> = self.provider.handlers.iter().flat_map(endpoints_of).collect();
        all.extend(self.told.iter().flat_map(|oauth| oauth.endpoints()));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The scopes to ask for where nobody names one.
    pub(super) fn recommended(&self) -> Option<&[String]> {
        match self.handler.scopes {
            Scopes::Asked => self.oauth().map(|oauth| oauth.recommended_scopes.as_slice()),
            Scopes::None => None,
        }
    }

    /// Which redirect URIs the provider takes; a page on which a secret is typed needs none.
    pub(super) fn redirect(&self) -> Redirect {
        self.oauth().map_or(Redirect::LoopbackAnyPort, |oauth| oauth.redirect)
    }
}

fn endpoints_of(handler: &Handler) -> Vec<String> {
    handler.flow.oauth2().map(OAuth2::endpoints).unwrap_or_default()
}

/// Where pages and callbacks of a sign-in are: `http://127.0.0.1:8976`.
pub(super) fn origin(redirect: Redirect, port: u16) -> String {
    match redirect {
        Redirect::Loopback | Redirect::LoopbackAnyPort => format!("http://127.0.0.1:{port}"),
        Redirect::Localhost => format!("http://localhost:{port}"),
        Redirect::HttpsLocalhost => format!("https://localhost:{port}"),
    }
}

/// Whether pages at this URL of this machine are where a provider sends browsers back.
pub(super) fn is_taken(redirect: Redirect, at: &url::Url) -> bool {
    let (scheme, host) = (at.scheme(), at.host_str().unwrap_or_default());
    match redirect {
        Redirect::Loopback | Redirect::LoopbackAnyPort => scheme == "http" && host == "127.0.0.1",
        Redirect::Localhost => scheme == "http" && host == "localhost",
        Redirect::HttpsLocalhost => scheme == "https" && host == "localhost",
    }
}

/// The redirect URI of a provider's sign-ins.
pub(super) fn redirect_uri(origin: &str, provider: &str) -> String {
    format!("{origin}/auth/{provider}/callback")
}

/// The redirect URI as it is registered with the provider: without a port where any one is taken.
pub(super) fn registered_uri(redirect: Redirect, port: u16, provider: &str) -> String {
    match redirect {
        Redirect::LoopbackAnyPort => redirect_uri("http://127.0.0.1", provider),
        Redirect::Loopback | Redirect::Localhost | Redirect::HttpsLocalhost => {
            redirect_uri(&origin(redirect, port), provider)
        }
    }
}
