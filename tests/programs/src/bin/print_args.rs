//! Prints its arguments.

use std::env;

use serde_json::json;

fn main() {
    programs::output(json!(env::args().collect::<Vec<_>>()));
}
