//! A project in which the binary is run, with Debian's `glewlwyd` as its provider.

use serde_json::{Value, json};

use crate::{Browser, Ended, Glewlwyd, Page, PocketCommand, Running, folder_of, free_port};

/// `glewlwyd`, and a trusted project that knows it as the provider of this name.
pub struct GlewlwydCommand {
    /// The server.
    pub server: Glewlwyd,
    /// The project.
    pub pocket: PocketCommand,
    /// Where sign-ins come back.
    pub port: u16,
}

impl GlewlwydCommand {
    /// `None` where the server was not fetched; then `story` is said to be left out.
    pub async fn start(story: &str) -> Option<Self> {
        Self::knowing(story, Glewlwyd::provider).await
    }

    /// With these words on the provider in the operator's file.
    pub async fn knowing(story: &str, provider: impl Fn(&Glewlwyd) -> String) -> Option<Self> {
        let port = free_port();
        let redirect = format!("http://127.0.0.1:{port}/auth/glewlwyd/callback");
        let server = Glewlwyd::start(story, &redirect).await?;
        let mut pocket = PocketCommand::new();
        pocket.set("POCKET_TRUST_PROJECT", "1");
        let provider = provider(&server);
        pocket.write("pocket.toml", &format!("{provider}\n[callback]\nport = {port}\n"));
        pocket.write(".secrets.toml", &server.secrets());
        let who_am_i = server.who_am_i();
        let manifest = json!({
            "tool": { "name": "who_am_i", "inputSchema": { "type": "object" } },
            "component": "tool.wasm",
            "auth": { "auth_provider": "glewlwyd", "scopes": ["api:read"] },
            "permissions": { "http": [format!("GET {who_am_i}")] },
        });
        folder_of(&pocket.project(), "dial", &manifest);
        Some(Self { server, pocket, port })
    }

    /// A call of a tool that asks the server whose token it was given.
    pub fn call(&self) -> Vec<String> {
        let input = json!({
            "url": self.server.who_am_i(),
            "headers": { "authorization": "Bearer {token}" },
            "token": "GLEWLWYD_TOKEN",
        });
        vec![
            "run".to_owned(),
            "./dial".to_owned(),
            input.to_string(),
            format!("--allow-private={}", self.server.url()),
        ]
    }

    /// Goes to the provider's page for signing in.
    pub async fn at_the_provider(&self, browser: &mut Browser, running: &mut Running) -> Page {
        let url = running.word(&format!("http://127.0.0.1:{}/sign-in/", self.port));
        let page = browser.open(&url).await;
        assert!(page.status.is_success(), "{}", page.body);
        browser.submit(&page, &[]).await
    }

    /// Signs in, as far as the page after the provider's last one.
    pub async fn sign_in(&self, browser: &mut Browser, running: &mut Running) -> Page {
        let login = self.at_the_provider(browser, running).await;
        self.server.agree(browser, &login).await
    }

    /// A call with the sign-in that it needs.
    pub async fn call_and_sign_in(&self) -> Ended {
        let mut running = self.pocket.start(self.call());
        let done = self.sign_in(&mut Browser::new(), &mut running).await;
        assert!(done.url.path().starts_with("/done/"), "{} {}", done.url, done.body);
        running.ended().await
    }

    /// The one account that there is, as it is shown; null where there is none.
    pub fn account(&self) -> Value {
        let status = self.pocket.run(["auth", "status", "--json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap_or_else(|e| panic!("{e}: {}", status.stderr));
        status["accounts"][0].clone()
    }
}
