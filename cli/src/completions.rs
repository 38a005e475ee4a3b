//! `pocket completions`: completions for a shell.

use clap::CommandFactory as _;

use crate::{args, terminal::Terminal};

pub(crate) fn completions(args: args::Completions, terminal: &Terminal) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::Args::command(), "pocket", &mut script);
    terminal.bytes(&script);
}
