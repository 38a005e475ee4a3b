//! Has the host hold so many handles: `{"count": 10000}`.

use serde_json::{Value, json};
use wasip2::clocks::monotonic_clock;
use wasip2::http::types::Fields;

fn main() {
    let input: Value = programs::input();
    let count = input["count"].as_u64().unwrap_or(10_000);
    let held: Vec<_> = (0..count / 2)
        .map(|_| (Fields::new(), monotonic_clock::subscribe_duration(1)))
        .collect();
    programs::output(json!({ "held": held.len() * 2 }));
}
