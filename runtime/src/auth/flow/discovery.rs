//! Asks an issuer for its endpoints (RFC 8414 section 3, OpenID Connect Discovery section 4).

use http::Method;
use url::Url;

use crate::{
    auth::{
        flow::{FlowError, reply, request},
        transport::Transport,
    },
    provider::Metadata,
};

/// The issuer's metadata, by either document in which it may stand.
pub(crate) async fn discover(transport: &Transport, issuer: &str) -> Result<Metadata, FlowError> {
    let mut failure = None;
    for url in documents(issuer)? {
        match document(transport, &url, issuer).await {
            Ok(Some(metadata)) => return Ok(metadata),
            Ok(None) => {}
            // The other document may be there all the same; a failure of the network is told rather than its absence.
            Err(error @ FlowError::Unreachable { .. }) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(failure.unwrap_or_else(|| {
        FlowError::Configuration(
            "its issuer has no metadata: neither `.well-known/oauth-authorization-server` nor `.well-known/openid-configuration`"
                .to_owned(),
        )
    }))
}

/// `None`: there is no such document.
async fn document(transport: &Transport, url: &Url, issuer: &str) -> Result<Option<Metadata>, FlowError> {
    let answer = transport.send(request::request(Method::GET, url)).await?;
    if answer.status.is_redirection() {
        return Ok(None);
    }
    reply::refuse_unusable(&answer)?;
    if !answer.status.is_success() || !matches!(serde_json::from_slice(&answer.body), Ok(serde_json::Value::Object(_)))
    {
        return Ok(None);
    }
    Metadata::parse(issuer, &answer.body)
        .map(Some)
        .map_err(FlowError::Configuration)
}

/// `https://host/.well-known/oauth-authorization-server/path`, and `https://host/path/.well-known/openid-configuration`.
fn documents(issuer: &str) -> Result<[Url; 2], FlowError> {
    let not_one = || FlowError::Configuration(format!("its issuer is not an address: `{}`", reply::shortened(issuer)));
    let url = Url::parse(issuer).map_err(|_not_a_url| not_one())?;
    let path = url.path().trim_end_matches('/').to_owned();
    let at = |path: String| {
        let mut url = url.clone();
        url.set_path(&path);
        url.set_query(None);
        url
    };
    Ok([
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_documents_of_an_issuer_stand_where_the_rfcs_say() {
        for (issuer, oauth, openid) in [
            (
                "https://id.example",
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration",
            ),
            (
                "https://id.example/tenant/",
                "https://id.example/.well-known/oauth-authorization-server/tenant",
                "https://id.example/tenant/.well-known/openid-configuration",
            ),
        ] {
            let [first, second] = documents(issuer).unwrap();
            assert_eq!((first.as_str(), second.as_str()), (oauth, openid));
        }
        assert!(documents("id.example").is_err());
    }
}
