//! What an issuer says of its own endpoints (RFC 8414 section 2).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    base::text::shown_on_one_line,
    provider::{ClientAuth, Issuer, OAuth2, Revoke, check},
};

/// What an issuer says of its own endpoints, as far as it is used here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    authorize: Option<Url>,
    token: Option<Url>,
    device: Option<Url>,
    revoke: Option<Url>,
    /// Whether its callbacks say whose they are (RFC 9207 section 3).
    sends_iss: bool,
    /// How clients may prove who they are; nothing where it does not say.
    auth_methods: Vec<String>,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct MetadataFile {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    authorization_response_iss_parameter_supported: Option<bool>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    scopes_supported: Option<Vec<String>>,
}

impl Metadata {
    /// Reads a document; says what is wrong with it.
    pub(crate) fn parse(issuer: &str, body: &[u8]) -> Result<Self, String> {
        let file: MetadataFile = serde_json::from_slice(body)
            .map_err(|error| format!("its issuer's metadata cannot be read (line {})", error.line()))?;
        // Byte by byte (RFC 8414 section 3.3): else whoever serves one issuer could speak for another.
        if file.issuer != issuer {
            return Err(format!(
                "its issuer's metadata is of another issuer: `{}`",
                shown_on_one_line(&file.issuer)
            ));
        }
        let is_plain = issuer.starts_with("http:");
        let endpoint = |name: &str, text: Option<String>| {
            let Some(text) = text else { return Ok(None) };
            let url =
                check::endpoint(name, &text).map_err(|fault| format!("in its issuer's metadata, {}", fault.message))?;
            // An issuer elsewhere has no business with servers of this machine.
            match url.scheme() == "https" || is_plain {
                true => Ok(Some(url)),
                false => Err(format!("in its issuer's metadata, `{name}` is not https")),
            }
        };
        Ok(Self {
            issuer: file.issuer,
            authorize: endpoint("authorization_endpoint", file.authorization_endpoint)?,
            token: endpoint("token_endpoint", file.token_endpoint)?,
            device: endpoint("device_authorization_endpoint", file.device_authorization_endpoint)?,
            revoke: endpoint("revocation_endpoint", file.revocation_endpoint)?,
            sends_iss: file.authorization_response_iss_parameter_supported.unwrap_or(false),
            auth_methods: file.token_endpoint_auth_methods_supported.unwrap_or_default(),
            scopes: file.scopes_supported.unwrap_or_default(),
        })
    }

    /// The server as the file has it, with what the issuer says where the file says nothing.
    pub(crate) fn laid_under(&self, file: &OAuth2) -> OAuth2 {
        let mut server = file.clone();
        let or_told = |own: Option<Url>, told: &Option<Url>| own.or_else(|| told.clone());
        server.authorize = or_told(server.authorize, &self.authorize);
        server.token = or_told(server.token, &self.token);
        server.device = or_told(server.device, &self.device);
        server.client_auth = self.client_auth(file.client_auth);
        server.public_clients |= self.auth_methods.iter().any(|known| known == "none");
        server.revoke = server.revoke.or_else(|| {
            self.revoke.clone().map(|url| Revoke::Rfc7009 {
                url,
                auth: server.client_auth,
            })
        });
        if self.sends_iss {
            server.issuer = Issuer::Sent(self.issuer.clone());
        }
        if server.recommended_scopes.is_empty() && self.knows_scope("openid") {
            let wanted = ["openid", "offline_access"].into_iter();
            server.recommended_scopes = wanted
                .filter(|scope| self.knows_scope(scope))
                .map(str::to_owned)
                .collect();
        }
        if self.knows_scope("offline_access") {
            // Without it a server leaves that scope out, and gives no refresh token (OpenID Connect Core section 11).
            let prompt = server.authorize_params.entry("prompt".to_owned());
            prompt.or_insert_with(|| "consent".to_owned());
        }
        server
    }

    fn knows_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known == scope)
    }

    /// As the file says, unless the issuer says that it does not take that.
    fn client_auth(&self, file: ClientAuth) -> ClientAuth {
        let takes = |method: &str| self.auth_methods.iter().any(|known| known == method);
        match file {
            ClientAuth::Basic if !takes("client_secret_basic") && takes("client_secret_post") => ClientAuth::Post,
            ClientAuth::Post if !takes("client_secret_post") && takes("client_secret_basic") => ClientAuth::Basic,
            as_it_is @ (ClientAuth::Basic | ClientAuth::Post | ClientAuth::None) => as_it_is,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::provider::Providers;

    const ISSUER: &str = "https://id.acme.example";

    fn acme(more: &str) -> OAuth2 {
        let table = format!("oauth2.issuer = \"{ISSUER}\"\n{more}").parse().unwrap();
        let providers = Providers::builtin().unwrap().with("acme", &table).unwrap();
        let handler = providers.find("acme").unwrap().handler(None).unwrap();
        handler.flow.oauth2().unwrap().clone()
    }

    fn document() -> serde_json::Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.acme.example/authorize",
            "token_endpoint": "https://tokens.acme.example/token",
            "device_authorization_endpoint": "https://id.acme.example/device",
            "revocation_endpoint": "https://id.acme.example/revoke",
            "authorization_response_iss_parameter_supported": true,
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
            "scopes_supported": ["openid", "offline_access", "email"],
            "response_types_supported": ["code"],
        })
    }

    fn parsed(document: &serde_json::Value) -> Result<Metadata, String> {
        Metadata::parse(ISSUER, document.to_string().as_bytes())
    }

    #[test]
    fn what_the_file_leaves_out_is_taken_from_the_issuer() {
        let server = parsed(&document())
            .unwrap()
            .laid_under(&acme("oauth2.token = \"https://own.example/token\""));
        let text = |url: &Option<Url>| url.as_ref().map(Url::to_string);
        assert_eq!(
            text(&server.authorize).as_deref(),
            Some("https://id.acme.example/authorize")
        );
        assert_eq!(
            text(&server.token).as_deref(),
            Some("https://own.example/token"),
            "the file's own word wins"
        );
        assert_eq!(text(&server.device).as_deref(), Some("https://id.acme.example/device"));
        assert!(matches!(
            &server.revoke,
            Some(Revoke::Rfc7009 {
                auth: ClientAuth::Post,
                ..
            })
        ));
        assert_eq!(server.client_auth, ClientAuth::Post, "it takes no other proof");
        assert_eq!(server.issuer, Issuer::Sent(ISSUER.to_owned()));
        assert_eq!(server.recommended_scopes, ["openid", "offline_access"]);
        assert_eq!(server.authorize_params["prompt"], "consent");
    }

    #[test]
    fn metadata_that_cannot_be_believed_is_refused() {
        assert!(parsed(&document()).is_ok());
        for (key, value, says) in [
            ("issuer", json!("https://id.acme.example/"), "another issuer"),
            ("issuer", json!("https://ID.acme.example"), "another issuer"),
            ("issuer", json!(["https://id.acme.example"]), "cannot be read"),
            (
                "token_endpoint",
                json!("http://id.acme.example/token"),
                "token_endpoint",
            ),
            ("token_endpoint", json!("http://127.0.0.1:1/token"), "not https"),
            ("token_endpoint", json!("/token"), "token_endpoint"),
            ("token_endpoint", json!(7), "cannot be read"),
            (
                "authorization_endpoint",
                json!("javascript:alert(1)"),
                "authorization_endpoint",
            ),
            (
                "authorization_endpoint",
                json!("https://a.example/a?state=x"),
                "set by the flow",
            ),
            (
                "revocation_endpoint",
                json!("https://u:hunter2@a.example/"),
                "revocation_endpoint",
            ),
        ] {
            let mut document = document();
            document[key] = value;
            let refused = parsed(&document).unwrap_err();
            assert!(refused.contains(says), "{key}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        assert!(Metadata::parse(ISSUER, b"[]").is_err());
    }
}
