//! The `oauth2` table of a provider file: its format, read into the types of this stage.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    base::word::word,
    provider::{
        BodyForm, ClientAuth, HostPattern, ImpliedScopes, Issuer, OAuth2, Pkce, Redirect, UserTokens,
        check::{self, Fault},
        domain_url::DomainUrl,
        file::each_once,
        refresh_file::{RefreshFile, lifetime},
        reply_file::{LookupFile, ReplyFile, pointer_or},
        revoke_file::RevokeFile,
    },
};

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of an authorization server: authorize, token, issuer"
)]
pub(super) struct OAuth2File {
    /// What `{domain_url}` stands for in endpoints.
    domain_url: Option<String>,
    /// What the host of `domain_url` has to match.
    #[serde(default)]
    domains: Vec<String>,
    authorize: Option<String>,
    token: Option<String>,
    device: Option<String>,
    revoke: Option<RevokeFile>,
    #[serde(default, deserialize_with = "word")]
    redirect: RedirectFile,
    issuer: Option<String>,
    #[serde(default, deserialize_with = "word")]
    iss: IssFile,
    #[serde(default, deserialize_with = "word")]
    client_auth: ClientAuthFile,
    public_clients: Option<bool>,
    #[serde(default, deserialize_with = "word")]
    pkce: PkceFile,
    #[serde(default, deserialize_with = "word")]
    body: BodyFile,
    scope_param: Option<String>,
    user_scope_param: Option<String>,
    scope_separator: Option<String>,
    reply_scope_separator: Option<String>,
    #[serde(default)]
    authorize_params: BTreeMap<String, String>,
    #[serde(default)]
    token_params: BTreeMap<String, String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    recommended_scopes: Vec<String>,
    #[serde(default)]
    added_scopes: Vec<String>,
    asks_scopes: Option<bool>,
    #[serde(default)]
    implies: BTreeMap<String, Vec<String>>,
    ok_field: Option<String>,
    error: Option<String>,
    #[serde(default)]
    errors: BTreeMap<String, String>,
    /// `2h`.
    default_ttl: Option<String>,
    #[serde(default)]
    reply: ReplyFile,
    user_reply: Option<ReplyFile>,
    #[serde(default)]
    refresh: RefreshFile,
    lookup: Option<LookupFile>,
    #[serde(default)]
    host_fields: BTreeMap<String, String>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum RedirectFile {
    /// What the strictest provider takes that takes plain http.
    #[default]
    Loopback,
    LoopbackAnyPort,
    Localhost,
    HttpsLocalhost,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum IssFile {
    Sent,
    #[default]
    Unknown,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ClientAuthFile {
    /// What every server has to take (RFC 6749 section 2.3.1).
    #[default]
    Basic,
    Post,
    None,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum PkceFile {
    #[default]
    S256,
    None,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum BodyFile {
    #[default]
    Form,
    Json,
}

impl OAuth2File {
    pub(super) fn oauth2(self) -> Result<OAuth2, Fault> {
        let domain = DomainUrl::of_file(self.domain_url.as_deref(), &self.domains, self.endpoints())?;
        self.check_scopes()?;
        let client_auth = self.client_auth.client_auth();
        let scope_param = check::scope_param("oauth2.scope_param", self.scope_param.as_deref().unwrap_or("scope"))?;
        let user = user_tokens(self.user_scope_param.as_deref(), self.user_reply)?;
        let own: Vec<&str> = std::iter::once(scope_param.as_str())
            .chain(user.as_ref().map(|user| user.scope_param.as_str()))
            .collect();
        check::parameters("oauth2.authorize_params", self.authorize_params.keys().cloned(), &own)?;
        check::parameters("oauth2.token_params", self.token_params.keys().cloned(), &[])?;
        let revoke = self.revoke.map(|revoke| revoke.revoke(client_auth, &domain));
        let oauth2 = OAuth2 {
            authorize: domain.endpoint_or_none("oauth2.authorize", self.authorize)?,
            token: domain.endpoint_or_none("oauth2.token", self.token)?,
            device: domain.endpoint_or_none("oauth2.device", self.device)?,
            revoke: revoke.transpose()?.flatten(),
            redirect: self.redirect.redirect(),
            issuer: issuer_of(self.issuer, self.iss)?,
            client_auth,
            public_clients: self.public_clients.unwrap_or_default(),
            pkce: self.pkce.pkce(),
            body: self.body.body_form(),
            scope_param,
            scope_separator: separator_of("oauth2.scope_separator", self.scope_separator)?,
            reply_scope_separator: separator_of("oauth2.reply_scope_separator", self.reply_scope_separator)?,
            authorize_params: self.authorize_params,
            token_params: self.token_params,
            headers: check::headers("oauth2.headers", self.headers)?,
            recommended_scopes: scopes_of("oauth2.recommended_scopes", &self.recommended_scopes)?,
            added_scopes: scopes_of("oauth2.added_scopes", &self.added_scopes)?,
            asks_scopes: self.asks_scopes.unwrap_or(true),
            implied_scopes: ImpliedScopes::of_table(&self.implies)?,
            reply: self.reply.reply("oauth2.reply")?,
            user,
            ok_field: self
                .ok_field
                .map(|field| check::words("oauth2.ok_field", &field))
                .transpose()?,
            error: pointer_or("oauth2.error", self.error.as_deref(), "error")?,
            errors: check::errors("oauth2.errors", self.errors)?,
            default_ttl: self
                .default_ttl
                .map(|text| lifetime("oauth2.default_ttl", &text))
                .transpose()?,
            refresh: self.refresh.refresh(&domain)?,
            lookup: self.lookup.map(LookupFile::lookup).transpose()?,
            host_fields: host_fields_of(&self.host_fields)?,
        };
        check_host_fields(&oauth2)?;
        Ok(oauth2)
    }

    /// Its endpoints, as they are written.
    fn endpoints(&self) -> impl Iterator<Item = &str> {
        [
            self.authorize.as_deref(),
            self.token.as_deref(),
            self.device.as_deref(),
            self.refresh.url.as_deref(),
            self.revoke.as_ref().and_then(|revoke| revoke.url.as_deref()),
        ]
        .into_iter()
        .flatten()
    }

    fn check_scopes(&self) -> Result<(), Fault> {
        if self.asks_scopes == Some(false) && !(self.added_scopes.is_empty() && self.recommended_scopes.is_empty()) {
            return Err(Fault::new(
                "`oauth2.asks_scopes`: where no request names a scope, none is added and none recommended",
            ));
        }
        Ok(())
    }
}

fn scopes_of(key: &str, scopes: &[String]) -> Result<Vec<String>, Fault> {
    each_once(key, scopes.iter().map(|scope| check::words(key, scope)))
}

fn host_fields_of(patterns: &BTreeMap<String, String>) -> Result<BTreeMap<String, HostPattern>, Fault> {
    patterns
        .iter()
        .map(|(field, pattern)| {
            let key = format!("oauth2.host_fields.{field}");
            Ok((field.clone(), HostPattern::of_text(&key, pattern)?))
        })
        .collect()
}

fn check_host_fields(oauth2: &OAuth2) -> Result<(), Fault> {
    match oauth2.host_fields.keys().find(|field| !oauth2.has_field(field)) {
        Some(field) => Err(Fault::new(format!(
            "`oauth2.host_fields`: neither a reply nor the look-up has this field: `{field}`"
        ))
        .hint(format!("add `oauth2.reply.fields = {{ {field} = \"/{field}\" }}`"))),
        None => Ok(()),
    }
}

fn user_tokens(scope_param: Option<&str>, reply: Option<ReplyFile>) -> Result<Option<UserTokens>, Fault> {
    match (scope_param, reply) {
        (Some(scope_param), Some(reply)) => Ok(Some(UserTokens {
            scope_param: check::scope_param("oauth2.user_scope_param", scope_param)?,
            reply: reply.reply("oauth2.user_reply")?,
        })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(Fault::new(
            "`oauth2`: `user_scope_param` and `user_reply` are there together or not at all",
        )),
    }
}

fn issuer_of(issuer: Option<String>, iss: IssFile) -> Result<Issuer, Fault> {
    match (issuer, iss) {
        (Some(issuer), iss) => {
            // Compared byte by byte (RFC 9207 section 2.4), so it is kept as written and not as a URL prints it.
            check::endpoint("oauth2.issuer", &issuer)?;
            Ok(match iss {
                IssFile::Sent => Issuer::Sent(issuer),
                IssFile::Unknown => Issuer::Known(issuer),
            })
        }
        (None, IssFile::Sent) => Err(Fault::new(
            "`oauth2.iss`: where it is sent, `issuer` has to say what it is",
        )),
        (None, IssFile::Unknown) => Ok(Issuer::Unknown),
    }
}

fn separator_of(key: &str, text: Option<String>) -> Result<String, Fault> {
    check::separator(key, text.as_deref().unwrap_or(" "))
}

impl RedirectFile {
    const fn redirect(self) -> Redirect {
        match self {
            Self::Loopback => Redirect::Loopback,
            Self::LoopbackAnyPort => Redirect::LoopbackAnyPort,
            Self::Localhost => Redirect::Localhost,
            Self::HttpsLocalhost => Redirect::HttpsLocalhost,
        }
    }
}

impl ClientAuthFile {
    pub(super) const fn client_auth(self) -> ClientAuth {
        match self {
            Self::Basic => ClientAuth::Basic,
            Self::Post => ClientAuth::Post,
            Self::None => ClientAuth::None,
        }
    }
}

impl PkceFile {
    const fn pkce(self) -> Pkce {
        match self {
            Self::S256 => Pkce::S256,
            Self::None => Pkce::None,
        }
    }
}

impl BodyFile {
    const fn body_form(self) -> BodyForm {
        match self {
            Self::Form => BodyForm::Form,
            Self::Json => BodyForm::Json,
        }
    }
}
