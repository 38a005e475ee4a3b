//! A project whose tools are signed in to a service like Slack.

use pocket_runtime::{PocketBuilder, Rule, SignIn, ToolEntry};

use crate::{Authority, Browser, Embedder, Slack, SlackSettings, sample};

/// A service like Slack, and a project that knows it as Slack and comes back from its sign-ins on a free port.
pub struct SlackProject {
    /// The service.
    pub slack: Slack,
    /// The project.
    pub embedder: Embedder,
    /// Where sign-ins come back.
    pub port: u16,
}

impl SlackProject {
    /// With these settings, but for the redirect URI, which is the project's own.
    pub async fn start(settings: SlackSettings) -> Self {
        let port = free_port();
        let back = format!("https://localhost:{port}/auth/slack/callback");
        Self::start_with(settings, port, back).await
    }

    /// The same for a site that others reach at this URL.
    pub async fn start_at(site: &str, settings: SlackSettings) -> Self {
        let back = format!("{site}/auth/slack/callback");
        Self::start_with(settings, free_port(), back).await
    }

    async fn start_with(settings: SlackSettings, port: u16, back: String) -> Self {
        let embedder = Embedder::new();
        let authority = Authority::new();
        let redirect_uris = vec![back];
        let slack = Slack::start(
            &authority,
            SlackSettings {
                redirect_uris,
                ..settings
            },
        )
        .await;
        embedder
            .write("authority.pem", &authority.pem())
            .write(".secrets.toml", &slack.secrets());
        let project = Self { slack, embedder, port };
        project.write_settings("");
        project
    }

    /// Writes `pocket.toml`: the service in the place of Slack, and `more`.
    pub fn write_settings(&self, more: &str) {
        let (provider, port) = (self.slack.provider(), self.port);
        let text = format!("{provider}\n[callback]\nport = {port}\n\n[network]\nca_file = \"authority.pem\"\n\n{more}");
        self.embedder.write("pocket.toml", &text);
    }

    /// Begins a `Pocket` of this project.
    pub fn builder(&self) -> PocketBuilder {
        self.embedder.builder()
    }

    /// Opens the service, which is on loopback, to a tool.
    pub fn rule(&self) -> Rule {
        self.slack
            .url()
            .parse::<Rule>()
            .expect("the service's URL is a rule")
            .private()
    }

    /// The base of the service's Web API.
    pub fn api(&self) -> String {
        format!("{}/api", self.slack.url())
    }

    /// The sample tool `slack-get-messages`, sent to this service.
    pub fn get_messages(&self) -> ToolEntry {
        self.reaching(sample("slack-get-messages").display().to_string().into())
    }

    /// The sample tool `slack-post-message`, sent to this service.
    pub fn post_message(&self) -> ToolEntry {
        self.reaching(sample("slack-post-message").display().to_string().into())
    }

    /// A tool that may reach this service.
    pub fn reaching(&self, tool: ToolEntry) -> ToolEntry {
        tool.variable("SLACK_API_URL", self.api()).allow(self.rule())
    }
}

/// Does the user's part in a sign-in: our page, the service's consent, and back.
pub async fn decide(sign_in: &SignIn, decision: &str) -> crate::Page {
    let mut browser = Browser::new();
    let page = browser.open(&sign_in.url).await;
    assert!(page.status.is_success(), "{} {}", page.status, page.body);
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", decision)]).await
}

/// A port that nobody has now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
