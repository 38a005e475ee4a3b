//! A second OAuth server that nobody here wrote: Debian's `glewlwyd`, where `cargo xtask test` could fetch it.
//!
//! It refuses in words of its own (403 `invalid_code`), or without a word (400 with nothing in it), knows `slow_down`, spends a
//! refresh token at its first use, and says no `iss`.

use std::{net::TcpStream, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{
    Browser, FaultProxy, Page, databases::Server, free_port, glewlwyd_process::started, token_states::AsClient,
};

/// The variable that says in which folder it is unpacked.
const FOLDER: &str = "POCKET_TEST_GLEWLWYD";

/// The client that it knows. It takes a secret as it comes through base64, so one that form-encoding would change never matches.
const CLIENT: AsClient = AsClient {
    id: "pocket",
    secret: "planted-secret-of-the-client",
};

/// Who may set it up, as Debian's first database has it.
const ADMIN: (&str, &str) = ("admin", "password");

const USER: (&str, &str) = ("alice", "the-password-of-alice");

/// The scope of what its user agrees to.
const SCOPE: &str = "api:read";

/// How many seconds it wants between two questions about a device's code.
const INTERVAL: u64 = 3;

/// `glewlwyd` in a process of its own behind a proxy of faults, through which everybody reaches it; until dropped.
pub struct Glewlwyd {
    _server: Server,
    /// What stands before it.
    pub proxy: FaultProxy,
}

impl Glewlwyd {
    /// With one user, and one client that may be sent back to `redirect_uri`. `None` where it was not fetched; then `story` is
    /// said to be left out.
    pub async fn start(story: &str, redirect_uri: &str) -> Option<Self> {
        let Some(unpacked) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            use std::io::Write as _;
            // Past the capture of a test that passes; nobody reads it where stderr is closed.
            let _ = writeln!(std::io::stderr(), "left out, since {FOLDER} is not set: {story}");
            return None;
        };
        let port = free_port();
        let proxy = FaultProxy::start(&format!("http://127.0.0.1:{port}")).await;
        let server = started(&unpacked, port, &proxy.url());
        server.wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        let started = Self { _server: server, proxy };
        started.set_up(redirect_uri).await;
        Some(started)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.proxy.url()
    }

    /// Its issuer, which is where its OpenID part lies.
    pub fn issuer(&self) -> String {
        format!("{}/api/oidc", self.url())
    }

    /// What tells whose token it is given.
    pub fn who_am_i(&self) -> String {
        format!("{}/userinfo", self.issuer())
    }

    /// This server as the provider `glewlwyd`, as an operator's `pocket.toml` says it.
    pub fn provider(&self) -> String {
        let issuer = self.issuer();
        let hosts = self.url().replace("http://", "");
        format!(
            r#"[providers.glewlwyd]
title = "Glewlwyd"
hosts = ["{hosts}"]
placement.header = {{ name = "authorization", prefix = "Bearer " }}
variables = [{{ name = "GLEWLWYD_TOKEN" }}]
default = "glewlwyd-oauth2"
handlers.glewlwyd-oauth2.flow = "oauth2"

[providers.glewlwyd.oauth2]
authorize = "{issuer}/auth"
token = "{issuer}/token"
device = "{issuer}/device_authorization"
revoke = {{ kind = "rfc7009", url = "{issuer}/revoke" }}
redirect = "loopback"
client_auth = "basic"
pkce = "s256"
refresh.rotation = "rotates"
"#
        )
    }

    /// The same of which only the issuer is said.
    pub fn provider_by_issuer(&self) -> String {
        let hosts = self.url().replace("http://", "");
        let issuer = self.issuer();
        format!("[providers.glewlwyd]\nhosts = [\"{hosts}\"]\noauth2.issuer = \"{issuer}\"\n")
    }

    /// The client, as `.secrets.toml` has it.
    pub fn secrets(&self) -> String {
        let AsClient { id, secret } = CLIENT;
        format!("[auth.glewlwyd]\nclient_id = \"{id}\"\nclient_secret = \"{secret}\"\n")
    }

    /// The user's part, without its pages, which are scripts alone: from the one for signing in, through a consent, to where the
    /// browser goes on.
    pub async fn consented(&self, browser: &mut Browser, login: &Page) -> String {
        let asked = |name: &str| {
            let pairs = login.url.query_pairs();
            let found = pairs.into_owned().find(|(key, _value)| key == name);
            found
                .unwrap_or_else(|| panic!("it asks for no consent: {}", login.url))
                .1
        };
        assert!(login.url.as_str().starts_with(&self.url()), "{}", login.url);
        self.signed_in(browser, USER).await;
        let grant = format!("{}/api/auth/grant/{}", self.url(), CLIENT.id);
        done(
            browser
                .send(Method::PUT, &grant, &json!({ "scope": asked("scope") }))
                .await,
        );
        let mut on = Url::parse(&asked("callback_url")).expect("it tells where the user came from");
        on.query_pairs_mut().append_key_only("g_continue");
        on.into()
    }

    /// The same, and goes on.
    pub async fn agree(&self, browser: &mut Browser, login: &Page) -> Page {
        let on = self.consented(browser, login).await;
        browser.open(&on).await
    }

    /// The user's part with a code that a device showed him.
    pub async fn enter(&self, code: &str) {
        let mut browser = Browser::new();
        let page = format!("{}/device?code={code}", self.issuer());
        let login = browser.open(&page).await;
        let done = self.agree(&mut browser, &login).await;
        assert!(
            done.url.query().is_some_and(|query| query.contains("deviceComplete")),
            "{}",
            done.url
        );
    }

    /// Makes a token bad (RFC 7009).
    pub async fn revoke(&self, token: &str) {
        CLIENT.revoke(&format!("{}/revoke", self.issuer()), token).await;
    }

    /// Whether it says that a token is good (RFC 7662).
    pub async fn is_active(&self, token: &str) -> bool {
        CLIENT.is_active(&format!("{}/introspect", self.issuer()), token).await
    }

    async fn signed_in(&self, browser: &mut Browser, (username, password): (&str, &str)) {
        let sign_in = format!("{}/api/auth/", self.url());
        let who = json!({ "username": username, "password": password });
        done(browser.send(Method::POST, &sign_in, &who).await);
    }

    async fn set_up(&self, redirect_uri: &str) {
        let mut admin = Browser::new();
        self.signed_in(&mut admin, ADMIN).await;
        let plugin = json!({
            "module": "oidc", "name": "oidc", "display_name": "OpenID", "order_rank": 0, "parameters": parameters(&self.issuer()),
        });
        let scope = json!({
            "name": SCOPE, "display_name": "Read", "description": "What the stories ask", "password_required": true,
            "password_max_age": 0, "scheme": {},
        });
        let user = json!({
            "username": USER.0, "password": USER.1, "name": "Alice", "email": "alice@acme.example", "enabled": true,
            "scope": ["openid", SCOPE, "g_profile"],
        });
        let client = json!({
            "client_id": CLIENT.id, "client_secret": CLIENT.secret, "name": "Pocket", "confidential": true, "enabled": true,
            "redirect_uri": [redirect_uri], "token_endpoint_auth_method": ["client_secret_basic"], "scope": [SCOPE],
            // Only a client that may have a token of its own is told about tokens, and may revoke them.
            "authorization_type": ["code", "refresh_token", "device_authorization", "client_credentials"],
        });
        for (what, how) in [
            ("mod/plugin", plugin),
            ("scope", scope),
            ("user", user),
            ("client", client),
        ] {
            let place = format!("{}/api/{what}/", self.url());
            done(admin.send(Method::POST, &place, &how).await);
        }
    }
}

/// How its OpenID part works.
fn parameters(issuer: &str) -> Value {
    json!({
        "iss": issuer, "subject-type": "public", "allowed-scope": ["openid", SCOPE],
        "jwt-type": "sha", "jwt-key-size": "256", "key": "planted-key-of-the-server",
        "access-token-duration": 3_600, "refresh-token-duration": 1_209_600, "code-duration": 600,
        "refresh-token-rolling": true, "refresh-token-one-use": "always",
        // Else it refuses a request without the scope `openid`.
        "allow-non-oidc": true,
        "auth-type-code-enabled": true, "auth-type-code-revoke-replayed": true, "auth-type-refresh-enabled": true,
        "auth-type-client-enabled": true, "auth-type-token-enabled": false, "auth-type-password-enabled": false,
        "auth-type-device-enabled": true, "device-authorization-expiration": 600, "device-authorization-interval": INTERVAL,
        "pkce-allowed": true, "pkce-required": true, "pkce-method-plain-allowed": false,
        "introspection-revocation-allowed": true, "introspection-revocation-allow-target-client": true,
    })
}

fn done(page: Page) {
    assert!(page.status.is_success(), "{} {}: {}", page.url, page.status, page.body);
}
