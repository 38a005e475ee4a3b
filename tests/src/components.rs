//! Where the built guests are.

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the repository")
        .to_owned()
}

/// The folder of a sample tool, built.
pub fn sample(name: &str) -> PathBuf {
    let folder = repository().join("sample-tools").join(name);
    assert!(
        folder.join(format!("{}.wasm", name.replace('-', "_"))).is_file()
            || folder.join(format!("{name}.wasm")).is_file(),
        "the sample tool `{name}` is not built: run `cargo xtask build-tools`"
    );
    folder
}

/// The component of a guest program of `tests/programs`, built.
pub fn program(name: &str) -> PathBuf {
    let path = repository().join("tests/programs/built").join(format!("{name}.wasm"));
    assert!(
        path.is_file(),
        "the guest program `{name}` is not built: run `cargo xtask build-tools`"
    );
    path
}

/// Makes a package in `folder`: a guest program under this manifest, whose `component` is `tool.wasm`.
pub fn folder_of(folder: &Path, name: &str, manifest: &serde_json::Value) -> PathBuf {
    let package = folder.join(name);
    std::fs::create_dir_all(&package).expect("a folder can be made");
    std::fs::copy(program(name), package.join("tool.wasm")).expect("a component can be copied");
    std::fs::write(package.join("pocket.json"), manifest.to_string()).expect("a manifest can be written");
    package
}
