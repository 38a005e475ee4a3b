//! `pocket completions`: completions for a shell.

use clap::CommandFactory as _;

use crate::{args, failure::Failure};

#[expect(clippy::unnecessary_wraps, reason = "every verb ends in the same way")]
pub(crate) fn completions(args: args::Completions) -> Result<(), Failure> {
    clap_complete::generate(args.shell, &mut args::Args::command(), "pocket", &mut std::io::stdout());
    Ok(())
}
