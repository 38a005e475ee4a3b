//! How a provider is told that a token is no longer used.

use url::Url;

use crate::provider::ClientAuth;

/// How a token is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoke {
    /// A form with `token` (RFC 7009); the client proves itself as told.
    Rfc7009 {
        /// Where.
        url: Url,
        /// How the client proves who it is.
        auth: ClientAuth,
    },
    /// A `POST` without a body that carries the access token as `Bearer`.
    Bearer(Url),
    /// A `DELETE` that carries the access token as `Bearer`.
    DeleteBearer(Url),
    /// GitHub's: a `DELETE` with the client's Basic authentication and the token as JSON. `{client_id}` stands in the path.
    GitHub(Template),
}

/// An endpoint in whose path `{client_id}` stands for the client's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Url);

impl Template {
    /// Of a URL in whose path the placeholder stands once.
    pub(super) fn of_checked(url: Url) -> Self {
        Self(url)
    }

    /// With the placeholder.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The endpoint of this client.
    pub(crate) fn of(&self, client_id: &str) -> Url {
        let mut url = self.0.clone();
        let segments: Vec<String> = self
            .0
            .path_segments()
            .into_iter()
            .flatten()
            .map(|segment| match segment {
                "%7Bclient_id%7D" => client_id.to_owned(),
                other => other.to_owned(),
            })
            .collect();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }
}

impl Revoke {
    /// Where, as long as that depends on no client.
    pub(super) fn url(&self) -> Option<&Url> {
        match self {
            Self::Rfc7009 { url, auth: _ } | Self::Bearer(url) | Self::DeleteBearer(url) => Some(url),
            Self::GitHub(_) => None,
        }
    }
}
