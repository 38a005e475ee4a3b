//! A project in which the binary is run, with a service like Slack in the place of Slack.

use crate::{Authority, Browser, Ended, PocketCommand, Running, Slack, SlackSettings, free_port, sample};

/// A service like Slack, and a trusted project that knows it as Slack and comes back from its sign-ins on a free port.
pub struct SlackCommand {
    /// The service.
    pub slack: Slack,
    /// The project.
    pub pocket: PocketCommand,
    /// Where sign-ins come back.
    pub port: u16,
}

impl SlackCommand {
    /// With these settings, but for the redirect URI, which is the project's own.
    pub async fn start(settings: SlackSettings) -> Self {
        crate::use_ring();
        let port = free_port();
        let authority = Authority::new();
        let redirect_uris = vec![format!("https://localhost:{port}/auth/slack/callback")];
        let settings = SlackSettings {
            redirect_uris,
            ..settings
        };
        let slack = Slack::start(&authority, settings).await;
        let mut pocket = PocketCommand::new();
        pocket.set("POCKET_TRUST_PROJECT", "1");
        pocket.write("authority.pem", &authority.pem());
        let rest = format!("[callback]\nport = {port}\n\n[network]\nca_file = \"authority.pem\"\n");
        pocket.write("pocket.toml", &format!("{}\n{rest}", slack.provider()));
        pocket.write(".secrets.toml", &slack.secrets());
        Self { slack, pocket, port }
    }

    /// `run` of a sample tool with this input, sent to the service.
    pub fn run(&self, tool: &str, input: &str) -> Vec<String> {
        self.slack.run(&sample(tool), input)
    }

    /// Where a command that was started says to sign in.
    pub fn url(&self, running: &mut Running) -> String {
        running.word(&format!("https://localhost:{}/sign-in/", self.port))
    }

    /// Runs a command that needs a sign-in, and decides on the service's consent page: `allow` or `deny`.
    pub async fn sign_in(&self, args: &[String], decision: &str) -> Ended {
        let mut running = self.pocket.start(args);
        let url = self.url(&mut running);
        let mut browser = Browser::new();
        let page = browser.open(&url).await;
        assert!(page.status.is_success(), "{}", page.body);
        let consent = browser.submit(&page, &[]).await;
        assert!(consent.url.as_str().starts_with(&self.slack.url()), "{}", consent.body);
        browser.submit(&consent, &[("decision", decision)]).await;
        running.ended().await
    }

    /// Types a token on our page.
    pub async fn type_token(&self, token: &str) {
        let mut running = self
            .pocket
            .start(["auth", "login", "slack", "--handler", "slack-token", "--no-browser"]);
        let url = running.word("http");
        let mut browser = Browser::new();
        let page = browser.open(&url).await;
        assert!(page.body.contains("type=\"password\""), "{}", page.body);
        let done = browser.submit(&page, &[("field-token", token)]).await;
        assert!(done.status.is_success(), "{}", done.body);
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
}
