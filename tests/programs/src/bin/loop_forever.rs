//! Computes for ever, with not one call of the host; `{"say": true}` writes a line before.

use std::hint::black_box;

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    if input["say"] == true {
        eprintln!("it runs");
    }
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}
