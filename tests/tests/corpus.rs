//! Every published Hyperpocket manifest that is at hand parses.

use std::io::Write as _;

use pocket_runtime::{Package, Providers, Severity};
use pocket_tests::{program, repository};

/// The manifests are not ours to copy: they lie beside the repository on machines that have them.
#[test]
fn every_published_manifest_at_hand_parses() {
    let folder = repository().join("../shared/corpus/manifests");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        // Not `eprintln!`, which the test harness keeps to itself.
        let _ = writeln!(
            std::io::stderr(),
            "left out: there are no published manifests beside this repository ({})",
            folder.display()
        );
        return;
    };
    let providers = Providers::builtin().expect("the embedded files are valid");
    let mut parsed = 0;
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let package = tempfile::tempdir().expect("a folder can be made");
        std::fs::copy(&path, package.path().join("pocket.json")).expect("a file can be copied");
        std::fs::copy(program("print_args"), package.path().join("tool.wasm")).expect("a file can be copied");
        let faults = Package::open_at(package.path(), &providers)
            .err()
            .map(|error| error.faults)
            .unwrap_or_default();
        let wrong: Vec<_> = faults
            .iter()
            .filter(|fault| fault.severity == Severity::Error)
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
        parsed += 1;
    }
    assert!(parsed > 20, "the corpus has manifests: {parsed}");
}
