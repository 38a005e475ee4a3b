//! Writes so much to stderr: `{"mib": 64}`, or `{"mib": null}` for ever.

use std::io::{self, Write};

use serde_json::Value;

fn main() -> io::Result<()> {
    let input: Value = programs::input();
    let line = [b"flood ".repeat(1000), b"\n".to_vec()].concat();
    let mut left = input["mib"].as_u64().map_or(u64::MAX, |mib| mib << 20);
    while left > 0 {
        io::stderr().write_all(&line)?;
        left = left.saturating_sub(line.len() as u64);
    }
    Ok(())
}
