//! The `oauth2` table of a provider file: its format, read into the types of this stage.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use url::Url;

use crate::{
    base::{quantity, text::shown_on_one_line},
    provider::{
        BodyForm, ClientAuth, ImpliedScopes, Issuer, OAuth2, Pkce, Pointer, Redirect, Refresh, Reply, Revoke, Rotation,
        UserTokens,
        check::{self, Fault},
        file::each_once,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OAuth2File {
    authorize: Option<String>,
    token: Option<String>,
    device: Option<String>,
    revoke: Option<RevokeFile>,
    #[serde(default)]
    redirect: RedirectFile,
    issuer: Option<String>,
    #[serde(default)]
    iss: IssFile,
    #[serde(default)]
    client_auth: ClientAuthFile,
    #[serde(default)]
    pkce: PkceFile,
    #[serde(default)]
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeFile {
    kind: RevokeKindFile,
    url: Option<String>,
    /// `rfc7009` only; else as at the token endpoint.
    auth: Option<ClientAuthFile>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum RevokeKindFile {
    Rfc7009,
    Bearer,
    DeleteBearer,
    Github,
    /// So that an operator can say that there is no way.
    None,
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
enum ClientAuthFile {
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

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ReplyFile {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<String>,
    scope: Option<String>,
    token_type: Option<String>,
    #[serde(default)]
    token_types: Vec<String>,
    #[serde(default)]
    identity: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RefreshFile {
    url: Option<String>,
    rotation: Option<RotationFile>,
    idle_days: Option<u16>,
    absolute_days: Option<u16>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum RotationFile {
    Rotates,
    Stays,
    Unknown,
}

impl OAuth2File {
    pub(super) fn oauth2(self) -> Result<OAuth2, Fault> {
        let Self {
            authorize,
            token,
            device,
            revoke,
            redirect,
            issuer,
            iss,
            client_auth,
            pkce,
            body,
            scope_param,
            user_scope_param,
            scope_separator,
            reply_scope_separator,
            authorize_params,
            token_params,
            headers,
            recommended_scopes,
            implies,
            ok_field,
            error,
            errors,
            default_ttl,
            reply,
            user_reply,
            refresh,
        } = self;
        let client_auth = client_auth.client_auth();
        let scope_param = check::scope_param("oauth2.scope_param", scope_param.as_deref().unwrap_or("scope"))?;
        let user = user_tokens(user_scope_param.as_deref(), user_reply)?;
        let own: Vec<&str> = std::iter::once(scope_param.as_str())
            .chain(user.as_ref().map(|user| user.scope_param.as_str()))
            .collect();
        check::parameters("oauth2.authorize_params", authorize_params.keys().cloned(), &own)?;
        check::parameters("oauth2.token_params", token_params.keys().cloned(), &[])?;
        Ok(OAuth2 {
            authorize: endpoint_of("oauth2.authorize", authorize)?,
            token: endpoint_of("oauth2.token", token)?,
            device: endpoint_of("oauth2.device", device)?,
            revoke: revoke
                .and_then(|revoke| revoke.revoke(client_auth).transpose())
                .transpose()?,
            redirect: redirect.redirect(),
            issuer: issuer_of(issuer, iss)?,
            client_auth,
            pkce: match pkce {
                PkceFile::S256 => Pkce::S256,
                PkceFile::None => Pkce::None,
            },
            body: match body {
                BodyFile::Form => BodyForm::Form,
                BodyFile::Json => BodyForm::Json,
            },
            scope_param,
            scope_separator: separator_of("oauth2.scope_separator", scope_separator)?,
            reply_scope_separator: separator_of("oauth2.reply_scope_separator", reply_scope_separator)?,
            authorize_params,
            token_params,
            headers: check::headers("oauth2.headers", headers)?,
            recommended_scopes: each_once(
                "oauth2.recommended_scopes",
                recommended_scopes
                    .iter()
                    .map(|scope| check::words("oauth2.recommended_scopes", scope)),
            )?,
            implied_scopes: ImpliedScopes::of_table(&implies)?,
            reply: reply.reply("oauth2.reply")?,
            user,
            ok_field: ok_field
                .map(|field| check::words("oauth2.ok_field", &field))
                .transpose()?,
            error: pointer_or("oauth2.error", error.as_deref(), "error")?,
            errors: check::errors(errors)?,
            default_ttl: default_ttl.map(|text| ttl(&text)).transpose()?,
            refresh: refresh.refresh()?,
        })
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

fn endpoint_of(key: &str, url: Option<String>) -> Result<Option<Url>, Fault> {
    url.map(|url| check::endpoint(key, &url)).transpose()
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

fn pointer_or(key: &str, text: Option<&str>, member: &str) -> Result<Pointer, Fault> {
    text.map_or_else(|| Ok(Pointer::member(member)), |text| check::pointer(key, text))
}

fn ttl(text: &str) -> Result<Duration, Fault> {
    let ttl = quantity::duration(text).map_err(|error| Fault::new(format!("`oauth2.default_ttl`: {error}")))?;
    if ttl < Duration::from_secs(60) {
        return Err(Fault::new(format!(
            "`oauth2.default_ttl`: a token lives a minute at least: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(ttl)
}

impl RevokeFile {
    fn revoke(self, client_auth: ClientAuth) -> Result<Option<Revoke>, Fault> {
        let Self { kind, url, auth } = self;
        if auth.is_some() && kind != RevokeKindFile::Rfc7009 {
            return Err(Fault::new("`oauth2.revoke.auth`: only `rfc7009` leaves it open"));
        }
        let key = "oauth2.revoke.url";
        let url = |kind: &str| {
            url.clone()
                .ok_or_else(|| Fault::new(format!("`{key}`: `{kind}` needs it")))
        };
        Ok(match kind {
            RevokeKindFile::Rfc7009 => Some(Revoke::Rfc7009 {
                url: check::endpoint(key, &url("rfc7009")?)?,
                auth: auth.map_or(client_auth, ClientAuthFile::client_auth),
            }),
            RevokeKindFile::Bearer => Some(Revoke::Bearer(check::endpoint(key, &url("bearer")?)?)),
            RevokeKindFile::DeleteBearer => Some(Revoke::DeleteBearer(check::endpoint(key, &url("delete-bearer")?)?)),
            RevokeKindFile::Github => Some(Revoke::GitHub(check::template(key, &url("github")?)?)),
            RevokeKindFile::None => None,
        })
    }
}

impl ReplyFile {
    fn reply(self, key: &str) -> Result<Reply, Fault> {
        let Self {
            access_token,
            refresh_token,
            expires_in,
            scope,
            token_type,
            token_types,
            identity,
            fields,
        } = self;
        let at = |member: &str, text: Option<String>| pointer_or(&format!("{key}.{member}"), text.as_deref(), member);
        let reply = Reply {
            access_token: at("access_token", access_token)?,
            refresh_token: at("refresh_token", refresh_token)?,
            expires_in: at("expires_in", expires_in)?,
            scope: at("scope", scope)?,
            token_type: at("token_type", token_type)?,
            token_types: token_types.iter().map(|name| name.to_ascii_lowercase()).collect(),
            identity: identity
                .iter()
                .map(|text| check::pointer(&format!("{key}.identity"), text))
                .collect::<Result<_, _>>()?,
            fields: fields
                .into_iter()
                .map(|(name, text)| {
                    check::name(&format!("`{key}.fields`"), &name)?;
                    if matches!(name.as_str(), "access_token" | "refresh_token") {
                        return Err(Fault::new(format!("`{key}.fields`: this name is taken: `{name}`")));
                    }
                    Ok((name, check::pointer(&format!("{key}.fields"), &text)?))
                })
                .collect::<Result<_, _>>()?,
        };
        // Who a token is of is shown, so no secret may be taken for it.
        if reply.identity.contains(&reply.access_token) || reply.identity.contains(&reply.refresh_token) {
            return Err(Fault::new(format!(
                "`{key}.identity`: a token tells nobody who it is of"
            )));
        }
        Ok(reply)
    }
}

impl RefreshFile {
    fn refresh(self) -> Result<Refresh, Fault> {
        let Self {
            url,
            rotation,
            idle_days,
            absolute_days,
        } = self;
        Ok(Refresh {
            url: url.map(|url| check::endpoint("oauth2.refresh.url", &url)).transpose()?,
            rotation: match rotation {
                Some(RotationFile::Rotates) => Rotation::Rotates,
                Some(RotationFile::Stays) => Rotation::Stays,
                Some(RotationFile::Unknown) | None => Rotation::Unknown,
            },
            idle_days,
            absolute_days,
        })
    }
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
    const fn client_auth(self) -> ClientAuth {
        match self {
            Self::Basic => ClientAuth::Basic,
            Self::Post => ClientAuth::Post,
            Self::None => ClientAuth::None,
        }
    }
}
