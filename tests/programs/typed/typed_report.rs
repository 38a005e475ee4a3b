//! Tells its progress and writes one line at each level, and one to stdout and stderr.

use pocket_tool::{Error, log, progress};
use serde_json::{Value, json};

fn run(input: Value) -> Result<Value, Error> {
    progress(0, 2.0, "beginning");
    log::debug("a debug line");
    log::info("an info line");
    log::warn("a warn line");
    log::error("an error line");
    println!("a line on stdout");
    eprintln!("a line on stderr");
    progress(1, None, None);
    progress(2, 2.0, "done");
    Ok(json!({ "input": input }))
}

pocket_tool::export!(run);
