//! Waits for ever; `{"say": true}` writes a line before.

use std::thread;
use std::time::Duration;

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    if input["say"] == true {
        eprintln!("it runs");
    }
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}
