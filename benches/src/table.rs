//! The medians of what was measured, and how often each contains that of bare wasmtime.

use std::{collections::BTreeMap, fs, path::Path};

/// What ends the name of a figure that another is compared with.
const FLOOR: &str = ", bare wasmtime";

/// Prints what criterion keeps, the newest of each.
#[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
pub(crate) fn print(figures: &Path) {
    let mut medians = BTreeMap::new();
    read(figures, &mut medians);
    println!("\n{:<62}{:>12}{:>22}", "median", "µs", "times bare wasmtime");
    for (name, median) in &medians {
        let plain = name.split_once(", signed in").map_or(name.as_str(), |(plain, _)| plain);
        let floor = medians.get(&format!("{plain}{FLOOR}"));
        let ratio = floor.map(|floor| format!("{:.2}", median / floor)).unwrap_or_default();
        println!("{name:<62}{:>12.1}{ratio:>22}", median / 1e3);
    }
}

/// `<group>/<name>/new/estimates.json` with the name in `benchmark.json` beside it.
fn read(folder: &Path, medians: &mut BTreeMap<String, f64>) {
    let json = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    if folder.ends_with("new") {
        if let (Some(benchmark), Some(estimates)) = (json("benchmark.json"), json("estimates.json"))
            && let (Some(name), Some(median)) = (
                benchmark["full_id"].as_str(),
                estimates["median"]["point_estimate"].as_f64(),
            )
        {
            medians.insert(name.to_owned(), median);
        }
        return;
    }
    let folders = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in folders.filter(|entry| entry.path().is_dir()) {
        read(&entry.path(), medians);
    }
}
