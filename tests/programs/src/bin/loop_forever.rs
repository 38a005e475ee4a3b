//! Computes for ever, with not one call of the host.

use std::hint::black_box;

fn main() {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}
