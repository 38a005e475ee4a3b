//! How a provider is told that a token is no longer used, as a provider file writes it.

use serde::Deserialize;

use crate::{
    base::word::{some_word, word},
    provider::{
        ClientAuth, Revoke,
        check::{self, Fault},
        domain_url::DomainUrl,
        oauth2_file::ClientAuthFile,
    },
};

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of how a token is revoked, with its `kind` and `url`"
)]
pub(super) struct RevokeFile {
    #[serde(deserialize_with = "word")]
    kind: RevokeKindFile,
    pub(super) url: Option<String>,
    /// `rfc7009` only; else as at the token endpoint.
    #[serde(default, deserialize_with = "some_word")]
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

impl RevokeFile {
    pub(super) fn revoke(self, client_auth: ClientAuth, domain: &DomainUrl) -> Result<Option<Revoke>, Fault> {
        const KEY: &str = "oauth2.revoke.url";
        let Self { kind, url, auth } = self;
        if auth.is_some() && kind != RevokeKindFile::Rfc7009 {
            return Err(Fault::new("`oauth2.revoke.auth`: only `rfc7009` leaves it open"));
        }
        let written = || {
            url.as_deref()
                .ok_or_else(|| Fault::new(format!("`{KEY}`: it is missing")))
        };
        let url = || domain.endpoint(KEY, written()?);
        Ok(match kind {
            RevokeKindFile::Rfc7009 => Some(Revoke::Rfc7009 {
                url: url()?,
                auth: auth.map_or(client_auth, ClientAuthFile::client_auth),
            }),
            RevokeKindFile::Bearer => Some(Revoke::Bearer(url()?)),
            RevokeKindFile::DeleteBearer => Some(Revoke::DeleteBearer(url()?)),
            RevokeKindFile::Github => Some(Revoke::GitHub(check::template(KEY, written()?)?)),
            RevokeKindFile::None => None,
        })
    }
}
