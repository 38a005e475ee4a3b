//! The servers and programs that the stories need: each starts on loopback, on a free port, and ends with its test.

mod authority;
mod browser;
mod canaries;
mod components;
mod connect_proxy;
mod crowd;
mod databases;
mod doors;
mod embedder;
mod fault_proxy;
mod generous;
mod git_server;
mod glewlwyd;
mod glewlwyd_command;
mod glewlwyd_process;
mod handshakes;
mod judged;
mod judged_command;
mod name_server;
mod oauth_server;
mod pocket_command;
mod recorder;
mod serve;
mod slack;
mod slack_command;
mod slack_project;
mod ssh_server;
mod token_states;
mod until;
mod witness;

pub use authority::Authority;
pub use browser::{Browser, Page};
pub use canaries::Searched;
pub use components::{check_fresh, folder_of, program, put_program, repository, sample};
pub use connect_proxy::{Asked, ConnectProxy, Tunnels};
pub use crowd::Crowd;
pub use databases::{Postgres, Redis};
pub use doors::{Doors, Reply};
pub use embedder::Embedder;
pub use fault_proxy::{Fault, FaultProxy, Passed};
pub use generous::Generous;
pub use git_server::GitServer;
pub use glewlwyd::Glewlwyd;
pub use glewlwyd_command::GlewlwydCommand;
pub use handshakes::Handshakes;
pub use judged::Judged;
pub use judged_command::JudgedCommand;
pub use name_server::NameServer;
pub use oauth_server::OAuthServer;
pub use pocket_command::{Ended, PocketCommand, Running, binary};
pub use recorder::{Recorded, Recorder};
pub use serve::Served;
pub use slack::{Slack, SlackSettings};
pub use slack_command::SlackCommand;
pub use slack_project::{SlackProject, decide, free_port};
pub use ssh_server::SshServer;
pub use until::until;

/// Makes ring the TLS provider of this process, once.
pub fn use_ring() {
    // It fails when it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
