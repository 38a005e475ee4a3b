//! A program that embeds the library: its project, its home and the tools in it.

use std::path::{Path, PathBuf};

use pocket_runtime::{Home, Pocket, PocketBuilder, ToolEntry};
use serde_json::{Value, json};

use crate::put_program;

/// A project and a home of its own for a [`Pocket`] in this process, both deleted with it.
pub struct Embedder {
    folder: tempfile::TempDir,
}

impl Embedder {
    /// An empty project and an empty home.
    pub fn new() -> Self {
        crate::use_ring();
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(folder.path().join("project")).expect("a folder can be made");
        Self { folder }
    }

    /// The project's folder.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Where the library keeps things.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the project, readable by its owner alone.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode can be set");
        self
    }

    /// Reads a file of the project, where it is there.
    pub fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.project().join(name)).ok()
    }

    /// Begins a [`Pocket`] of this project and home.
    pub fn builder(&self) -> PocketBuilder {
        Pocket::builder().project(self.project()).home(Home::at(self.home()))
    }

    /// A guest program as a tool of its own name, with nothing granted.
    pub fn program(&self, name: &str) -> ToolEntry {
        self.program_as(name, name, json!({}))
    }

    /// A guest program as a tool of another name, with these top-level fields of the manifest over the usual ones.
    pub fn program_as(&self, guest: &str, name: &str, fields: Value) -> ToolEntry {
        let mut manifest = json!({
            "tool": { "name": name, "description": "A tool of the tests." },
            "component": "tool.wasm",
        });
        for (key, value) in fields.as_object().expect("the fields are an object") {
            match (manifest.get_mut(key).and_then(Value::as_object_mut), value.as_object()) {
                (Some(under), Some(over)) => under.extend(over.clone()),
                _replaced => manifest[key] = value.clone(),
            }
        }
        let package = self.folder_for(name, &manifest);
        put_program(guest, &package.join("tool.wasm"));
        ToolEntry::new(package.display().to_string())
    }

    /// A package in the project, with this component.
    pub fn package(&self, folder: &str, component: &Path, manifest: &Value) -> PathBuf {
        let package = self.folder_for(folder, manifest);
        std::fs::copy(component, package.join("tool.wasm")).expect("a component can be copied");
        package
    }

    fn folder_for(&self, folder: &str, manifest: &Value) -> PathBuf {
        let package = self.project().join("tools").join(folder);
        std::fs::create_dir_all(&package).expect("a folder can be made");
        std::fs::write(package.join("pocket.json"), manifest.to_string()).expect("a manifest can be written");
        package
    }
}

impl Default for Embedder {
    fn default() -> Self {
        Self::new()
    }
}
