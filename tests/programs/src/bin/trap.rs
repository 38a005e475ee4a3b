//! Ends in a trap: `{"how": "unreachable"}`, or `panic`, `divide`, `bounds`.

use std::hint::black_box;

use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    eprintln!("about to trap");
    match input["how"].as_str() {
        Some("panic") => panic!("the program panicked"),
        // SAFETY: none; both are undefined in Rust and a trap in wasm, which is what they are here for.
        Some("divide") => println!("{}", unsafe {
            black_box(1_u32).checked_div(black_box(0)).unwrap_unchecked()
        }),
        Some("bounds") => println!("{}", unsafe { black_box(0xffff_fff0 as *const u8).read_volatile() }),
        _ => core::arch::wasm32::unreachable(),
    }
}
