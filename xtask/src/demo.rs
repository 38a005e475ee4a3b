//! `cargo xtask demo`: the whole story, from nothing.

use std::{process::Command, time::Instant};

use anyhow::Result;

use crate::{
    build_tools, host,
    workspace::{root, say},
};

pub(crate) fn run() -> Result<()> {
    let began = Instant::now();
    build_tools::run()?;
    host::build()?;
    say(format!("everything is built: {} s", began.elapsed().as_secs()));
    host::run(&mut Command::new(host::target_dir().join("debug/demo")), &root())
}
