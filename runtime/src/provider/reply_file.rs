//! Where values stand in replies, as a provider file writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::provider::{
    Lookup, Pointer, Reply,
    check::{self, Fault},
};

#[derive(Deserialize, Default)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of where values stand in a reply: access_token, scope, identity"
)]
pub(super) struct ReplyFile {
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

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of a request right after a sign-in: url, fields, identity"
)]
pub(super) struct LookupFile {
    url: String,
    prefix: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    identity: Vec<String>,
}

impl ReplyFile {
    pub(super) fn reply(self, key: &str) -> Result<Reply, Fault> {
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
            identity: identity_of(key, &identity)?,
            fields: fields_of(key, fields)?,
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

impl LookupFile {
    pub(super) fn lookup(self) -> Result<Lookup, Fault> {
        const KEY: &str = "oauth2.lookup";
        let Self {
            url,
            prefix,
            fields,
            identity,
        } = self;
        let prefix = prefix.unwrap_or_else(|| "Bearer ".to_owned());
        if http::HeaderValue::from_str(&prefix).is_err() {
            return Err(Fault::new(format!("`{KEY}.prefix`: no header can hold it")));
        }
        if fields.is_empty() && identity.is_empty() {
            return Err(
                Fault::new(format!("`{KEY}`: it looks nothing up")).hint("add `fields = { site = \"/0/url\" }`")
            );
        }
        Ok(Lookup {
            url: check::endpoint(&format!("{KEY}.url"), &url)?,
            prefix,
            fields: fields_of(KEY, fields)?,
            identity: identity_of(KEY, &identity)?,
        })
    }
}

/// A place, or where RFC 6749 has it.
pub(super) fn pointer_or(key: &str, text: Option<&str>, member: &str) -> Result<Pointer, Fault> {
    text.map_or_else(|| Ok(Pointer::member(member)), |text| check::pointer(key, text))
}

fn identity_of(key: &str, places: &[String]) -> Result<Vec<Pointer>, Fault> {
    let key = format!("{key}.identity");
    places.iter().map(|text| check::pointer(&key, text)).collect()
}

fn fields_of(key: &str, fields: BTreeMap<String, String>) -> Result<BTreeMap<String, Pointer>, Fault> {
    let key = format!("{key}.fields");
    fields
        .into_iter()
        .map(|(name, text)| {
            check::name(&format!("`{key}`"), &name)?;
            if matches!(name.as_str(), "access_token" | "refresh_token") {
                return Err(Fault::new(format!("`{key}`: this name is taken: `{name}`")));
            }
            Ok((name, check::pointer(&key, &text)?))
        })
        .collect()
}
