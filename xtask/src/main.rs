//! `cargo xtask <verb>`: everything a fresh machine needs.

mod build_tools;
mod guest_toolchain;
mod guests;
mod workspace;

use std::env;
use std::process::ExitCode;

const VERBS: &str = "\
cargo xtask <verb>

  guest-toolchain   set up what builds guests, by the way that this machine allows
  build-tools       build the sample tools and the hostile guests";

fn main() -> ExitCode {
    let verb = env::args().nth(1).unwrap_or_default();
    let end = match verb.as_str() {
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
