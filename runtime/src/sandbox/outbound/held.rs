//! The credential that a call holds: whether a request carries it, and whether a text would show it.

use std::sync::Arc;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Uri, header};
use zeroize::Zeroizing;

use crate::{
    auth::{Credential, CredentialValue},
    base::secret::Secret,
    provider::Placement,
    sandbox::{CredentialReach, broker::Broker},
};

/// A shorter secret would be found in innocent text.
const SHORTEST_SEARCHED: usize = 8;

/// The credential of one call, and where it may go.
pub(super) struct Held {
    pub(super) credential: Credential,
    pub(super) reach: Arc<CredentialReach>,
    /// Where the guest has placeholders in place of its secrets.
    pub(super) broker: Option<Arc<Broker>>,
}

impl Held {
    /// Whether the token stands where the provider's file says it goes. A body is not read for it.
    pub(super) fn is_carried_by(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        match &self.credential.placement {
            Some(Placement::Header { name, prefix }) => headers
                .get_all(name.as_str())
                .iter()
                .filter_map(|value| after_prefix(value.as_bytes(), prefix))
                .any(|token| self.is_secret(token)),
            Some(Placement::BasicPassword) => headers
                .get_all(header::AUTHORIZATION)
                .iter()
                .filter_map(|value| basic_pair(value.as_bytes()))
                .any(|(_user, password)| self.is_secret(&password)),
            Some(Placement::BasicUsername) => headers
                .get_all(header::AUTHORIZATION)
                .iter()
                .filter_map(|value| basic_pair(value.as_bytes()))
                .any(|(user, _password)| self.is_secret(&user)),
            Some(Placement::Query(name)) => url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .any(|(key, value)| key == name.as_str() && self.is_secret(value.as_bytes())),
            Some(Placement::Field(_)) | None => false,
        }
    }

    /// Whether a text holds a secret of the credential: as it is, percent-encoded, in hex or in base64, in any case, as host names
    /// lose theirs.
    pub(super) fn shows_in(&self, text: &str) -> bool {
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        let once = Zeroizing::new(percent_decoded(&lower));
        let twice = Zeroizing::new(percent_decoded(&once));
        let texts = [&lower, &once, &twice];
        self.secrets()
            .map(Secret::expose)
            .filter(|secret| secret.len() >= SHORTEST_SEARCHED)
            .any(|secret| {
                [
                    secret.to_owned(),
                    hex::encode(secret),
                    base64_start(STANDARD_NO_PAD.encode(secret)),
                    base64_start(URL_SAFE_NO_PAD.encode(secret)),
                ]
                .map(|form| Zeroizing::new(form.to_ascii_lowercase()))
                .iter()
                .any(|form| texts.iter().any(|text| text.contains(form.as_str())))
            })
    }

    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.credential.variables.iter().filter_map(|(_, value)| match value {
            CredentialValue::Secret(secret) => Some(secret),
            CredentialValue::Public(_) => None,
        })
    }

    fn is_secret(&self, value: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        !value.is_empty()
            && self
                .secrets()
                .any(|secret| bool::from(secret.expose().as_bytes().ct_eq(value)))
    }
}

/// The names of schemes such as `Bearer` have no case.
fn after_prefix<'a>(value: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (front, token) = value.split_at_checked(prefix.len())?;
    front
        .eq_ignore_ascii_case(prefix.as_bytes())
        .then(|| token.trim_ascii())
}

type Bytes = Zeroizing<Vec<u8>>;

/// User name and password (RFC 7617 section 2).
fn basic_pair(value: &[u8]) -> Option<(Bytes, Bytes)> {
    let pair = Zeroizing::new(STANDARD.decode(after_prefix(value, "Basic ")?).ok()?);
    let colon = pair.iter().position(|&byte| byte == b':')?;
    let user = Zeroizing::new(pair.get(..colon)?.to_vec());
    Some((user, Zeroizing::new(pair.get(colon + 1..)?.to_vec())))
}

/// Without the last characters, which depend on what follows.
fn base64_start(mut text: String) -> String {
    text.truncate(text.len().saturating_sub(2));
    text
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (first, after)
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            bytes.push(byte.to_ascii_lowercase());
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const TOKEN: &str = "xoxb-1/2+Planted";

    fn held(placement: Option<Placement>) -> Held {
        let credential = Credential {
            placement,
            ..Credential::for_tests("TOKEN", TOKEN)
        };
        let reach = Arc::new(CredentialReach::of(&credential));
        Held {
            credential,
            reach,
            broker: None,
        }
    }

    fn carried(placement: Placement, uri: &str, header: Option<(&'static str, String)>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        held(Some(placement)).is_carried_by(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn a_token_is_seen_only_where_it_goes() {
        let bearer = || Placement::Header {
            name: "authorization".to_owned(),
            prefix: "Bearer ".to_owned(),
        };
        let uri = "https://example.com/";
        let auth = |value: String| Some(("authorization", value));
        let basic = |pair: String| auth(format!("Basic {}", STANDARD.encode(pair)));
        assert!(carried(bearer(), uri, auth(format!("Bearer {TOKEN}"))));
        assert!(carried(bearer(), uri, auth(format!("bearer {TOKEN}"))));
        assert!(!carried(bearer(), uri, auth(TOKEN.to_owned())));
        assert!(!carried(bearer(), uri, auth(format!("Bearer {TOKEN}x"))));
        assert!(!carried(bearer(), uri, Some(("x-token", format!("Bearer {TOKEN}")))));
        assert!(!carried(bearer(), uri, None));
        assert!(carried(Placement::BasicPassword, uri, basic(format!("user:{TOKEN}"))));
        assert!(!carried(Placement::BasicPassword, uri, basic(format!("{TOKEN}:"))));
        assert!(!carried(Placement::BasicPassword, uri, basic(TOKEN.to_owned())));
        assert!(carried(Placement::BasicUsername, uri, basic(format!("{TOKEN}:"))));
        assert!(!carried(Placement::BasicUsername, uri, basic(format!("user:{TOKEN}"))));
        assert!(!carried(Placement::BasicUsername, uri, basic(TOKEN.to_owned())));
        let query = || Placement::Query("token".to_owned());
        assert!(carried(
            query(),
            "https://example.com/?a=b&token=xoxb-1%2F2%2BPlanted",
            None
        ));
        assert!(!carried(
            query(),
            "https://example.com/?other=xoxb-1%2F2%2BPlanted",
            None
        ));
        assert!(!carried(
            Placement::Field("token".to_owned()),
            uri,
            auth(format!("Bearer {TOKEN}"))
        ));
    }

    #[test]
    fn a_secret_is_found_in_the_texts_that_requests_make_of_it() {
        let held = held(None);
        for text in [
            format!("/bot{TOKEN}/send"),
            "/xoxb-1%2f2%2BPlanted".to_owned(),
            "/xoxb-1%252F2%252BPlanted".to_owned(),
            format!("{}.evil.example", TOKEN.to_lowercase()),
            format!("{}.evil.example", hex::encode(TOKEN)),
            format!("/a/{}", URL_SAFE_NO_PAD.encode(format!("{TOKEN}."))),
        ] {
            assert!(held.shows_in(&text), "{text}");
        }
        assert!(!held.shows_in("/api/conversations.history"));
    }
}
