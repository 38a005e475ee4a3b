//! Prints its environment and where it stands.

use std::collections::BTreeMap;
use std::env;

use serde_json::json;

fn main() {
    let variables: BTreeMap<_, _> = env::vars().collect();
    programs::output(json!({ "variables": variables, "folder": wasip2::cli::environment::initial_cwd() }));
}
