//! Takes memory page by page until it is refused more, or has so much, says so and holds it for ever: `{"mib": null}`.

use core::arch::wasm32::{memory_grow, memory_size};
use std::thread;
use std::time::Duration;

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    let pages = input["mib"].as_u64().map_or(usize::MAX, |mib| mib as usize * 16);
    while memory_size(0) < pages && memory_grow(0, 1) != usize::MAX {}
    eprintln!("it holds {} pages", memory_size(0));
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}
