//! Computes for so many milliseconds, then answers: `{"milliseconds": 100}`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn main() {
    let input: Value = programs::input();
    let end = Instant::now() + Duration::from_millis(input["milliseconds"].as_u64().unwrap_or(100));
    let mut rounds = 0_u64;
    while Instant::now() < end {
        (0..10_000_u64).for_each(|n| {
            black_box(n);
        });
        rounds += 1;
    }
    programs::output(json!({ "rounds": rounds }));
}
