//! All figures: what a call costs, and what wasmtime itself takes of that in the same process.
//!
//! ```text
//! cargo xtask bench              everything, and a table of medians at the end
//! cargo xtask bench call         only names with `call` in them
//! ```

mod accounts;
mod call;
mod cancel;
mod floor;
mod load;
mod many;
mod parts;
mod process;
mod table;
mod world;

use std::path::PathBuf;

use criterion::Criterion;

fn main() {
    let figures = figures();
    let mut criterion = Criterion::default().output_directory(&figures).configure_from_args();
    let world = world::World::new();
    call::bench(&mut criterion, &world);
    cancel::bench(&mut criterion, &world);
    many::bench(&mut criterion, &world);
    load::bench(&mut criterion, &world);
    parts::bench(&mut criterion, &world);
    process::bench(&mut criterion, &world);
    accounts::measure(&world);
    criterion.final_summary();
    table::print(&figures);
}

/// Where criterion keeps its figures: beside what cargo builds.
fn figures() -> PathBuf {
    let this = std::env::current_exe().expect("a benchmark knows where it is");
    let built = this
        .ancestors()
        .nth(3)
        .expect("cargo builds into a folder of its target");
    built.join("criterion")
}
