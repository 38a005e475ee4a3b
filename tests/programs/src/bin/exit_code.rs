//! Says something and ends with this code: `{"code": 1}`. WASI 0.2 tells the host whether it is 0, and no more.

use std::process;

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    println!("printed before the end");
    eprintln!("this is why");
    process::exit(input["code"].as_i64().unwrap_or(1) as i32);
}
