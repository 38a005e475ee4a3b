//! The rules of the house that a machine can hold.

use std::path::{Path, PathBuf};

use pocket_tests::repository;

/// From left to right: a stage uses only what stands before it.
const STAGES: [&str; 10] = [
    "base", "source", "provider", "package", "install", "auth", "sandbox", "call", "settings", "pocket",
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The code of a file, without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The stages that a file names after `crate::`, in `use` trees too.
fn named(code: &str) -> Vec<&'static str> {
    let mut flat = String::new();
    for part in code.split("use crate::{").skip(1) {
        let tree = part.split("\n};").next().unwrap_or_default();
        let mut depth = 0;
        let mut top = String::from("\n");
        for c in tree.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => top.push('\n'),
                c if depth == 0 && !c.is_whitespace() => top.push(c),
                _inside => {}
            }
        }
        flat.push_str(&top.replace('\n', "\ncrate::"));
    }
    let text = format!("{code}\n{flat}");
    STAGES
        .into_iter()
        .filter(|stage| text.contains(&format!("crate::{stage}::")) || text.contains(&format!("crate::{stage};")))
        .collect()
}

#[test]
fn a_stage_uses_only_what_stands_to_its_left() {
    let source = repository().join("runtime/src");
    let mut wrong = Vec::new();
    for (place, stage) in STAGES.iter().enumerate() {
        let files = rust_files(&source.join(stage));
        assert!(!files.is_empty(), "there is a stage `{stage}`");
        for file in files {
            let right: Vec<_> = named(&code(&file))
                .into_iter()
                .filter(|used| STAGES[place + 1..].contains(used))
                .collect();
            if !right.is_empty() {
                wrong.push(format!("{}: {right:?}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether the module that a file is was declared for tests only.
fn is_for_tests(file: &Path) -> bool {
    let parent = file.with_file_name("mod.rs");
    let name = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let declared = std::fs::read_to_string(parent).unwrap_or_default();
    declared.contains(&format!("#[cfg(test)]\nmod {name};"))
}

#[test]
fn each_protocol_crate_is_named_by_one_stage_only() {
    let source = repository().join("runtime/src");
    for (name, stage) in [("wasmtime", "sandbox"), ("oauth2", "auth"), ("git2", "source")] {
        for file in rust_files(&source) {
            if file.starts_with(source.join(stage)) || is_for_tests(&file) {
                continue;
            }
            let code = code(&file);
            // A module of the file's own stage may have the crate's name.
            let is_ours = file.with_file_name(format!("{name}.rs")).is_file();
            let names_it = code.contains(&format!("{name}::")) && !is_ours;
            assert!(!names_it, "{} names `{name}`", file.display());
        }
    }
}

#[test]
fn only_the_terminal_prints() {
    for part in ["runtime/src", "server/src"] {
        for file in rust_files(&repository().join(part)) {
            let code = code(&file);
            assert!(!code.contains("println!("), "{} prints", file.display());
        }
    }
}

#[test]
fn files_stay_within_their_budget() {
    let mut over = Vec::new();
    for part in [
        "runtime/src",
        "server/src",
        "cli/src",
        "guest-sdk/src",
        "xtask/src",
        "tests/src",
    ] {
        let folder = repository().join(part);
        for file in rust_files(&folder) {
            let inside = file.strip_prefix(&folder).expect("it was found there");
            if inside.ends_with("tests.rs") || inside.components().any(|part| part.as_os_str() == "tests") {
                continue;
            }
            let lines = code(&file).lines().count();
            if lines > 600 {
                over.push(format!("{}: {lines}", file.display()));
            }
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

#[test]
fn every_guest_program_has_a_story() {
    let stories: String = rust_files(&repository().join("tests/tests"))
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("the file can be read"))
        .collect();
    let programs = repository().join("tests/programs");
    let mut untold = Vec::new();
    for folder in ["src/bin", "typed", "wat"] {
        for entry in std::fs::read_dir(programs.join(folder)).expect("the folder is in the repository") {
            let file = entry.expect("the folder can be read").path();
            let name = file
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            if !stories.contains(&format!("\"{name}\"")) {
                untold.push(name);
            }
        }
    }
    assert!(untold.is_empty(), "no test runs these guests: {untold:?}");
}

#[test]
fn each_test_that_security_md_names_is_there() {
    let text = std::fs::read_to_string(repository().join("SECURITY.md")).expect("the file can be read");
    let (_before, table) = text
        .split_once("## Which test holds which promise")
        .expect("it has the table");
    let sources: String = ["runtime/src", "server/src", "cli/src", "tests/tests"]
        .iter()
        .flat_map(|folder| rust_files(&repository().join(folder)))
        .map(|file| std::fs::read_to_string(file).expect("the file can be read"))
        .collect();
    let mut named = 0;
    for name in table.split('`').skip(1).step_by(2) {
        let is_a_test = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_a_test {
            assert!(
                sources.contains(&format!("fn {name}(")),
                "SECURITY.md names no test: {name}"
            );
            named += 1;
        }
    }
    assert!(named > 40, "only {named} are named");
}
