//! Where the built guests are.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the repository")
        .to_owned()
}

/// The folder of a sample tool, built.
pub fn sample(name: &str) -> PathBuf {
    let tools = repository().join("sample-tools");
    let folder = tools.join(name);
    let component = [
        folder.join(format!("{}.wasm", name.replace('-', "_"))),
        folder.join(format!("{name}.wasm")),
    ];
    let component = component.iter().find(|path| path.is_file()).unwrap_or(&component[0]);
    let sources = [
        folder.join("src"),
        folder.join("Cargo.toml"),
        tools.join("slack-api/src"),
        sdk(),
    ];
    check_fresh(component, &sources).unwrap_or_else(|why| panic!("{why}"));
    folder
}

/// The component of a guest program of `tests/programs`, built.
pub fn program(name: &str) -> PathBuf {
    let programs = repository().join("tests/programs");
    let path = programs.join("built").join(format!("{name}.wasm"));
    let [command, typed] = ["src/bin", "typed"].map(|folder| programs.join(folder).join(format!("{name}.rs")));
    check_fresh(&path, &[command, typed, programs.join("src/lib.rs"), sdk()]).unwrap_or_else(|why| panic!("{why}"));
    path
}

/// Puts the component of a guest program at `to`: one that was built, or one that `tests/programs/wat` has as text.
pub fn put_program(name: &str, to: &Path) {
    let text = repository().join("tests/programs/wat").join(format!("{name}.wat"));
    if text.is_file() {
        let component = wat::parse_file(&text).unwrap_or_else(|error| panic!("{error}"));
        std::fs::write(to, component).expect("a component can be written");
    } else {
        std::fs::copy(program(name), to).expect("a component can be copied");
    }
}

fn sdk() -> PathBuf {
    repository().join("guest-sdk/src")
}

/// Whether a component is there and no older than these files and folders, of which some may not be there.
///
/// `cargo xtask build-tools` gives each component the time at which it was last seen to be right.
///
/// # Errors
/// When it is missing or stale, with the command that mends it.
pub fn check_fresh(component: &Path, sources: &[PathBuf]) -> Result<(), String> {
    let remedy = "run `cargo xtask build-tools`";
    let shown = component.display();
    let built = changed(component).ok_or_else(|| format!("the guest `{shown}` is not built: {remedy}"))?;
    match sources
        .iter()
        .find(|source| newest(source).is_some_and(|newest| newest > built))
    {
        None => Ok(()),
        Some(source) => Err(format!(
            "the guest `{shown}` is older than `{}`: {remedy}",
            source.display()
        )),
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// When the newest file of a folder, or the file itself, was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return changed(path);
    };
    entries.filter_map(|entry| newest(&entry.ok()?.path())).max()
}

/// Makes a package in `folder`: a guest program under this manifest, whose `component` is `tool.wasm`.
pub fn folder_of(folder: &Path, name: &str, manifest: &serde_json::Value) -> PathBuf {
    let package = folder.join(name);
    std::fs::create_dir_all(&package).expect("a folder can be made");
    put_program(name, &package.join("tool.wasm"));
    std::fs::write(package.join("pocket.json"), manifest.to_string()).expect("a manifest can be written");
    package
}
