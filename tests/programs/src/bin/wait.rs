//! Waits for so many milliseconds, then answers: `{"milliseconds": 100}`.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn main() {
    let input: Value = programs::input();
    let start = Instant::now();
    thread::sleep(Duration::from_millis(input["milliseconds"].as_u64().unwrap_or(100)));
    programs::output(json!({ "waited": start.elapsed().as_millis() as u64 }));
}
