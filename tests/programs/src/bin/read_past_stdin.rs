//! Reads its input, then goes on reading.

use std::io::{self, Read};

use serde_json::json;

fn main() -> io::Result<()> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input)?;
    let mut past = 0;
    for _ in 0..1000 {
        past += io::stdin().read(&mut [0; 1024])?;
    }
    programs::output(json!({ "read": input.len(), "past": past }));
    Ok(())
}
