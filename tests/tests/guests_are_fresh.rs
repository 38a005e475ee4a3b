//! A guest that is missing or older than its source fails the tests that use it, naming the command that builds it.

use std::{
    fs::File,
    path::Path,
    time::{Duration, SystemTime},
};

use pocket_tests::{check_fresh, program, repository, sample};

#[test]
fn every_guest_and_sample_tool_is_built_and_fresh() {
    let names = |folder: &str| {
        let entries = std::fs::read_dir(repository().join(folder)).expect("the folder is in the repository");
        entries
            .map(|entry| entry.expect("the folder can be read").path())
            .collect::<Vec<_>>()
    };
    let stem = |path: &Path| {
        path.file_stem()
            .expect("an entry has a name")
            .to_string_lossy()
            .into_owned()
    };
    let guests = [names("tests/programs/src/bin"), names("tests/programs/typed")].concat();
    for guest in &guests {
        program(&stem(guest));
    }
    let tools: Vec<_> = names("sample-tools")
        .into_iter()
        .filter(|path| path.join("pocket.json").is_file())
        .collect();
    for tool in &tools {
        sample(&stem(tool));
    }
    assert!(guests.len() > 20 && tools.len() > 3, "{guests:?} {tools:?}");
}

#[test]
fn a_guest_that_is_missing_or_stale_is_told_with_the_command() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (component, sources) = (folder.path().join("tool.wasm"), folder.path().join("src"));
    std::fs::create_dir(&sources).expect("a folder can be made");
    std::fs::write(sources.join("main.rs"), "fn main() {}").expect("a file can be written");
    let sources = [sources, folder.path().join("not-there")];
    let why = check_fresh(&component, &sources).expect_err("it is missing");
    assert!(
        why.contains("is not built") && why.contains("cargo xtask build-tools"),
        "{why}"
    );
    let built = File::create(&component).expect("a file can be made");
    built
        .set_modified(SystemTime::now() - Duration::from_secs(60))
        .expect("a file's time can be set");
    let why = check_fresh(&component, &sources).expect_err("it is stale");
    assert!(
        why.contains("is older than") && why.contains("cargo xtask build-tools"),
        "{why}"
    );
    built
        .set_modified(SystemTime::now() + Duration::from_secs(60))
        .expect("a file's time can be set");
    assert_eq!(check_fresh(&component, &sources), Ok(()));
}
