//! Tells its progress and writes log lines so often: `{"times": 100000}`.

use pocket_tool::{Error, log, progress};
use serde_json::{Value, json};

fn run(input: Value) -> Result<Value, Error> {
    let times = input["times"].as_u64().unwrap_or(100_000);
    for n in 0..times {
        progress(n as f64, times as f64, "busy");
        log::info(format_args!("line {n} of {times}: {}", "x".repeat(100)));
    }
    Ok(json!({ "times": times }))
}

pocket_tool::export!(run);
