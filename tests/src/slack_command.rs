//! A project in which the binary is run, with a service like Slack in the place of Slack.

use crate::{Authority, PocketCommand, Slack, SlackSettings, free_port};

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
}
