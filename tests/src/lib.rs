//! The servers and programs that the stories need: each starts on loopback, on a free port, and ends with its test.

mod authority;
mod browser;
mod components;
mod git_server;
mod oauth_server;
mod pocket_command;
mod serve;
mod slack;

pub use authority::Authority;
pub use browser::{Browser, Page};
pub use components::{folder_of, program, repository, sample};
pub use git_server::GitServer;
pub use oauth_server::OAuthServer;
pub use pocket_command::{Ended, PocketCommand, Running};
pub use serve::Served;
pub use slack::{Slack, SlackSettings};

/// Makes ring the TLS provider of this process, once.
pub fn use_ring() {
    // It fails when it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
