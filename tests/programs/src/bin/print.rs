//! Prints exactly this: `{"stdout": "{\"a\":1,\"a\":2}", "stderr": ""}`.

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    eprint!("{}", input["stderr"].as_str().unwrap_or_default());
    print!("{}", input["stdout"].as_str().unwrap_or_default());
}
