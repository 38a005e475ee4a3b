//! Takes memory and writes to it, in steps or at once, and fails without it where it must have it:
//! `{"step_mib": 1, "total_mib": 4000, "must": false}`.

use serde_json::{Value, json};

fn main() {
    let input: Value = programs::input();
    let step = input["step_mib"].as_u64().unwrap_or(1) as usize;
    let total = input["total_mib"].as_u64().unwrap_or(4000) as usize;
    let mut held: Vec<Vec<u8>> = Vec::new();
    while held.len() * step < total {
        let mut block = Vec::new();
        if block.try_reserve_exact(step << 20).is_err() {
            break;
        }
        block.resize(step << 20, 1);
        held.push(block);
    }
    if input["must"] == true && held.len() * step < total {
        std::process::exit(1);
    }
    programs::output(json!({ "mib": held.len() * step }));
}
