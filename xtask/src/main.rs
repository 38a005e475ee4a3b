//! `cargo xtask <verb>`: everything a fresh machine needs.

#![warn(clippy::too_many_lines)]

mod bench;
mod build_tools;
mod chromium;
mod databases;
mod demo;
mod deny;
mod glewlwyd;
mod guest_toolchain;
mod guests;
mod host;
mod node_clients;
mod npm;
mod oauth_server;
mod python_clients;
mod soak;
mod test;
mod workspace;

use std::env;
use std::process::ExitCode;

const VERBS: &str = "\
cargo xtask <verb>

  demo              the whole story: a git server, a sign-in, a call in the sandbox, and the call again
  test              all tests
  bench             all figures
  soak              for long: `soak fuzz` looks for inputs that break a property, `soak calls` makes very many calls
  deny              licences, sources and bans of all dependencies
  guest-toolchain   set up what builds guests, by the way that this machine allows
  build-tools       build the sample tools and the hostile guests";

fn main() -> ExitCode {
    let verb = env::args().nth(1).unwrap_or_default();
    let rest: Vec<String> = env::args().skip(2).collect();
    let end = match verb.as_str() {
        "demo" => demo::run(),
        "test" => test::run(&rest),
        "bench" => bench::run(&rest),
        "soak" => soak::run(&rest),
        "deny" => deny::run(),
        "guest-toolchain" => guest_toolchain::run(),
        "build-tools" => build_tools::run(),
        "" | "help" | "-h" | "--help" => {
            workspace::say(VERBS);
            Ok(())
        }
        other => Err(anyhow::anyhow!("no such verb: `{other}`\n\n{VERBS}")),
    };
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            workspace::say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
