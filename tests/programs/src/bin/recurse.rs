//! Calls itself until a stack is full: wasm's own, or with `{"frame": true}` the one in linear memory.

use std::hint::black_box;

use serde_json::{Value, json};

#[inline(never)]
fn bare(depth: u64) -> u64 {
    if depth == 0 {
        1
    } else {
        bare(depth - 1).rotate_left(3) ^ bare(depth - 1)
    }
}

#[inline(never)]
fn framed(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == 0 {
        1
    } else {
        framed(depth - 1).rotate_left(3) ^ frame[(depth % 64) as usize]
    }
}

fn main() {
    let input: Value = programs::input();
    let depth = input["depth"].as_u64().unwrap_or(1 << 40);
    let end = if input["frame"] == true {
        framed(depth)
    } else {
        bare(depth)
    };
    programs::output(json!({ "end": end }));
}
