//! A project in which the binary is run, with the OAuth server of the tests behind a proxy of faults.

use serde_json::json;

use crate::{Browser, FaultProxy, OAuthServer, Page, PocketCommand, Running, folder_of, free_port};

/// The scopes of [`JudgedCommand::call`].
const SCOPES: [&str; 3] = ["api:read", "offline_access", "openid"];

/// The OAuth server of the tests, and a trusted project that knows it as the provider `judge`.
pub struct JudgedCommand {
    /// The server.
    pub server: OAuthServer,
    /// What stands before its token endpoint.
    pub proxy: FaultProxy,
    /// The project.
    pub pocket: PocketCommand,
    /// Where sign-ins come back.
    pub port: u16,
}

impl JudgedCommand {
    /// With access tokens that last so many seconds. `None` where the server is not installed; then `story` is said to be left
    /// out.
    pub async fn start(story: &str, access_token_seconds: u64) -> Option<Self> {
        let provider = |server: &OAuthServer, proxy: &FaultProxy| server.provider_through(&proxy.url());
        Self::knowing(story, access_token_seconds, provider).await
    }

    /// With these words on the provider in the operator's file.
    pub async fn knowing(
        story: &str,
        access_token_seconds: u64,
        provider: impl Fn(&OAuthServer, &FaultProxy) -> String,
    ) -> Option<Self> {
        let port = free_port();
        let redirect = format!("http://127.0.0.1:{port}/auth/judge/callback");
        let server = OAuthServer::start(story, &redirect, access_token_seconds)?;
        let proxy = FaultProxy::start(&server.url()).await;
        let mut pocket = PocketCommand::new();
        pocket.set("POCKET_TRUST_PROJECT", "1");
        let provider = provider(&server, &proxy);
        pocket.write("pocket.toml", &format!("{provider}\n[callback]\nport = {port}\n"));
        pocket.write(".secrets.toml", &server.secrets());
        Some(Self {
            server,
            proxy,
            pocket,
            port,
        })
    }

    /// Signs in, as far as the page after the provider's last one.
    pub async fn sign_in(&self, browser: &mut Browser, running: &mut Running) -> Page {
        let login = self.at_the_provider(browser, running).await;
        let consent = browser.submit(&login, &[("login", "alice"), ("password", "x")]).await;
        assert!(consent.body.contains("api:read"), "{}", consent.body);
        browser.submit(&consent, &[]).await
    }

    /// Goes to the provider's page for signing in.
    pub async fn at_the_provider(&self, browser: &mut Browser, running: &mut Running) -> Page {
        let url = running.word(&format!("http://127.0.0.1:{}/sign-in/", self.port));
        let page = browser.open(&url).await;
        assert!(page.status.is_success(), "{}", page.body);
        let login = browser.submit(&page, &[]).await;
        assert!(login.url.as_str().starts_with(&self.server.url()), "{}", login.url);
        login
    }

    /// A call of a tool that asks the server whose token it was given.
    pub fn call(&self) -> Vec<String> {
        let url = self.server.url();
        let manifest = json!({
            "tool": { "name": "who_am_i", "inputSchema": { "type": "object" } },
            "component": "tool.wasm",
            "auth": { "auth_provider": "judge", "scopes": SCOPES },
            "permissions": { "http": [format!("GET {url}/me")] },
        });
        // Once: a process that was started before may be reading it.
        if !self.pocket.project().join("dial").exists() {
            folder_of(&self.pocket.project(), "dial", &manifest);
        }
        let input = json!({
            "url": format!("{url}/me"),
            "headers": { "authorization": "Bearer {token}" },
            "token": "JUDGE_TOKEN",
        });
        vec![
            "run".to_owned(),
            "./dial".to_owned(),
            input.to_string(),
            format!("--allow-private={url}"),
        ]
    }
}
