//! Takes memory and writes to it, in steps or at once: `{"step_mib": 1, "total_mib": 4000}`.

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
    programs::output(json!({ "mib": held.len() * step }));
}
