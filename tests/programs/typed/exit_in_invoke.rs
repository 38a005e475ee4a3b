//! Ends the process in the middle of `invoke`: `{"code": 0}`.

use std::process;

use pocket_tool::Error;
use serde_json::Value;

fn run(input: Value) -> Result<Value, Error> {
    process::exit(input["code"].as_i64().unwrap_or(0) as i32)
}

pocket_tool::export!(run);
