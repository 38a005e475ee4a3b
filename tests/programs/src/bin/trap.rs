//! Ends in a trap: `{"how": "unreachable"}`, or `panic`, `bounds`.

use std::hint::black_box;

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    eprintln!("about to trap");
    match input["how"].as_str() {
        Some("panic") => panic!("the program panicked"),
        // SAFETY: none; it is undefined in Rust and a trap in wasm, which is what it is here for.
        Some("bounds") => println!("{}", unsafe { black_box(0xffff_fff0 as *const u8).read_volatile() }),
        _ => core::arch::wasm32::unreachable(),
    }
}
