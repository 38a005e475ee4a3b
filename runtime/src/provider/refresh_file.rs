//! How tokens are renewed, as a provider file writes it.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::{
    base::{quantity, text::shown_on_one_line, word::some_word},
    provider::{
        Refresh, Renewal, Rotation,
        check::{self, Fault},
        domain_url::DomainUrl,
    },
};

#[derive(Deserialize, Default)]
#[serde(
    deny_unknown_fields,
    expecting = "a table of how tokens are renewed: url, rotation, idle_days"
)]
pub(super) struct RefreshFile {
    pub(super) url: Option<String>,
    #[serde(default, deserialize_with = "some_word")]
    rotation: Option<RotationFile>,
    idle_days: Option<u16>,
    absolute_days: Option<u16>,
    grant: Option<String>,
    token_param: Option<String>,
    at_once: Option<bool>,
    /// `720h`.
    early: Option<String>,
    #[serde(default)]
    errors: BTreeMap<String, String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum RotationFile {
    Rotates,
    Stays,
    Unknown,
}

impl RefreshFile {
    pub(super) fn refresh(self, domain: &DomainUrl) -> Result<Refresh, Fault> {
        let Self {
            url,
            rotation,
            idle_days,
            absolute_days,
            grant,
            token_param,
            at_once,
            early,
            errors,
        } = self;
        Ok(Refresh {
            url: domain.endpoint_or_none("oauth2.refresh.url", url)?,
            rotation: match rotation {
                Some(RotationFile::Rotates) => Rotation::Rotates,
                Some(RotationFile::Stays) => Rotation::Stays,
                Some(RotationFile::Unknown) | None => Rotation::Unknown,
            },
            idle_days: days("oauth2.refresh.idle_days", idle_days)?,
            absolute_days: days("oauth2.refresh.absolute_days", absolute_days)?,
            means: renewal(grant, token_param, at_once)?,
            early: early.map(|text| lifetime("oauth2.refresh.early", &text)).transpose()?,
            errors: check::errors("oauth2.refresh.errors", errors)?,
        })
    }
}

fn renewal(grant: Option<String>, param: Option<String>, at_once: Option<bool>) -> Result<Renewal, Fault> {
    const STANDARD: &[&str] = &["authorization_code", "client_credentials", "password", "refresh_token"];
    match (grant, param) {
        (None, None) if at_once.is_none() => Ok(Renewal::RefreshToken),
        (None, None) => Err(Fault::new(
            "`oauth2.refresh.at_once`: only a token that renews itself by a `grant` is renewed at once",
        )),
        (Some(grant), Some(param)) => {
            let key = "oauth2.refresh.grant";
            if STANDARD.contains(&grant.as_str()) {
                return Err(Fault::new(format!(
                    "`{key}`: this is not a grant of the provider's own: `{grant}`"
                )));
            }
            check::parameters("oauth2.refresh.token_param", std::iter::once(param.clone()), &[])?;
            Ok(Renewal::AccessToken {
                grant: check::words(key, &grant)?,
                param,
                at_once: at_once.unwrap_or_default(),
            })
        }
        (Some(_), None) => Err(Fault::new("`oauth2.refresh.token_param`: a `grant` needs it")),
        (None, Some(_)) => Err(Fault::new("`oauth2.refresh.grant`: a `token_param` needs it")),
    }
}

fn days(key: &str, days: Option<u16>) -> Result<Option<u16>, Fault> {
    match days {
        Some(0) => Err(Fault::new(format!("`{key}`: a token lives a day at least"))),
        days => Ok(days),
    }
}

/// How long a token lives, or a part of that.
pub(super) fn lifetime(key: &str, text: &str) -> Result<Duration, Fault> {
    let time = quantity::duration(text).map_err(|error| Fault::new(format!("`{key}`: {error}")))?;
    if time < Duration::from_secs(60) {
        return Err(Fault::new(format!(
            "`{key}`: a token lives a minute at least: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(time)
}
