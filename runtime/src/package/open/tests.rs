//! Folders that are packages, and folders that are not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cap_std::ambient_authority;

use super::*;
use crate::{
    package::component::tests::COMMAND,
    provider::{ProviderError, Scopes},
};

/// One provider, whose credential may go to so many hosts.
struct Only(usize);

impl Handlers for Only {
    fn asked(&self, _: &str, handler: Option<&str>) -> Result<AskedHandler, ProviderError> {
        Ok(AskedHandler {
            name: handler.unwrap_or("default").to_owned(),
            scopes: Scopes::Asked,
            variables: Vec::new(),
            hosts: self.0,
        })
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(manifest: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.file("package/pocket.json", manifest.as_bytes());
        folder
    }

    fn file(&self, path: &str, bytes: &[u8]) -> &Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    fn wasm(&self, path: &str, text: &str) -> &Self {
        self.file(path, &wat::parse_str(text).unwrap())
    }

    fn open(&self) -> Result<Package, Vec<String>> {
        let folder = Dir::open_ambient_dir(self.0.path().join("package"), ambient_authority()).unwrap();
        Package::open_with(&folder, &Only(0)).map_err(|error| error.faults.iter().map(ToString::to_string).collect())
    }

    fn refusal(&self) -> Vec<String> {
        self.open().unwrap_err()
    }
}

const NAMED: &str = r#"{"tool": {"name": "a"}, "component": "tool.wasm"}"#;
const UNNAMED: &str = r#"{"tool": {"name": "a"}}"#;

#[test]
fn the_only_component_is_found_beside_the_manifest_or_in_dist() {
    for path in ["package/any.wasm", "package/dist/any.wasm"] {
        let package = Folder::new(UNNAMED).wasm(path, COMMAND).open().unwrap();
        assert_eq!(format!("package/{}", package.component.path), path);
        assert_eq!(package.component.digest, Digest::of(&package.component.bytes));
    }
}

#[test]
fn one_of_several_components_has_to_be_named() {
    let folder = Folder::new(UNNAMED);
    folder
        .wasm("package/b.wasm", COMMAND)
        .wasm("package/dist/a.wasm", COMMAND);
    assert_eq!(
        folder.refusal(),
        ["pocket.json: which of these is the component? `b.wasm`, `dist/a.wasm`"]
    );
    folder.file(
        "package/pocket.json",
        br#"{"tool": {"name": "a"}, "component": "./dist//a.wasm"}"#,
    );
    assert_eq!(folder.open().unwrap().component.path, "dist/a.wasm");
}

#[test]
fn a_package_without_a_component_is_told_where_it_was_looked_for() {
    let folder = Folder::new(UNNAMED);
    assert_eq!(
        folder.refusal(),
        ["pocket.json: the package has no component: looked for `*.wasm` and `dist/*.wasm`"]
    );
    assert_eq!(
        Folder::new(NAMED).refusal(),
        ["pocket.json:1:38: component: there is no such component: `tool.wasm`"]
    );
}

#[test]
fn a_folder_without_a_manifest_is_told_what_a_package_is() {
    let folder = Folder(tempfile::tempdir().unwrap());
    folder.wasm("package/a.wasm", COMMAND);
    assert_eq!(folder.refusal(), ["pocket.json: there is no such file in the folder"]);
    std::fs::create_dir(folder.0.path().join("package/pocket.json")).unwrap();
    assert_eq!(folder.refusal(), ["pocket.json: it is not a file"]);
}

#[test]
fn faults_of_manifest_and_component_are_told_together() {
    let folder = Folder::new(r#"{"tool": {"name": "a b"}, "x": 1}"#);
    folder.wasm("package/a.wasm", "(module)");
    assert_eq!(
        folder.refusal(),
        [
            "pocket.json:1:19: tool.name: a tool's name has only letters, digits, `_` and `-`: ' '",
            "a.wasm: this is a core module (wasm32-wasip1?), not a component",
        ]
    );
}

#[test]
fn a_component_may_not_lie_outside_by_its_path() {
    for path in [
        "../tool.wasm",
        "/etc/passwd",
        "a/../../tool.wasm",
        "C:/x.wasm",
        "a\\\\b",
        "",
        ".",
        "a\\u0000",
    ] {
        let folder = Folder::new(&format!(r#"{{"tool": {{"name": "a"}}, "component": "{path}"}}"#));
        folder.wasm("tool.wasm", COMMAND);
        let refusal = folder.refusal();
        assert_eq!(refusal.len(), 1, "{path}");
        assert!(refusal[0].starts_with("pocket.json:1:38: component: "), "{refusal:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_component_may_not_lie_outside_by_a_link() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(NAMED);
    folder.wasm("outside.wasm", COMMAND);
    let inside = folder.0.path().join("package");
    for target in ["../outside.wasm".into(), folder.0.path().join("outside.wasm")] {
        symlink::<std::path::PathBuf, _>(target, inside.join("tool.wasm")).unwrap();
        assert_eq!(
            folder.refusal(),
            ["pocket.json:1:38: component: the component lies outside of the package, or may not be read: `tool.wasm`"]
        );
        std::fs::remove_file(inside.join("tool.wasm")).unwrap();
    }
    symlink("../outside", inside.join("dist")).unwrap();
    folder.file("package/pocket.json", UNNAMED.as_bytes());
    assert_eq!(folder.refusal().len(), 1);
    std::fs::remove_file(inside.join("pocket.json")).unwrap();
    folder.file("outside.json", UNNAMED.as_bytes());
    symlink("../outside.json", inside.join("pocket.json")).unwrap();
    assert_eq!(
        folder.refusal(),
        ["pocket.json: it leads out of the folder, or may not be read"]
    );
}

#[test]
fn a_component_that_is_too_large_is_not_read() {
    let folder = Folder::new(NAMED);
    folder.file("package/tool.wasm", b"");
    let file = std::fs::File::options()
        .write(true)
        .open(folder.0.path().join("package/tool.wasm"))
        .unwrap();
    file.set_len(100 << 20).unwrap();
    assert_eq!(
        folder.refusal(),
        ["pocket.json:1:38: component: a component has at most 64 MiB: `tool.wasm` has 104857600 bytes"]
    );
}

const WITH_IMPORTS: &str = r#"(component
    (import "wasi:http/types@0.2.6" (instance))
    (import "wasi:filesystem/types@0.2.6" (instance))
    (import "wasi:sockets/tcp@0.2.6" (instance))
    (instance $run)
    (export "wasi:cli/run@0.2.6" (instance $run)))"#;

#[test]
fn imports_that_nothing_asked_for_can_serve_are_notes() {
    let notes = |manifest: &str, hosts: usize| {
        let folder = Folder::new(manifest);
        folder.wasm("package/tool.wasm", WITH_IMPORTS);
        let folder = Dir::open_ambient_dir(folder.0.path().join("package"), ambient_authority()).unwrap();
        let package = Package::open_with(&folder, &Only(hosts)).unwrap();
        let notes = package.notes();
        assert!(notes.iter().all(|note| note.severity == Severity::Note));
        notes
            .iter()
            .map(|note| note.message.split(',').next().unwrap_or("").to_owned())
            .collect::<Vec<_>>()
    };
    let sockets = "sockets are never given";
    let http = "nothing that is asked for lets it send requests";
    let files = "nothing that is asked for gives it a folder";
    assert_eq!(notes(NAMED, 0), [http, files, sockets]);
    let auth = r#"{"tool": {"name": "a"}, "auth": {"auth_provider": "x"}}"#;
    assert_eq!(notes(auth, 0), [http, files, sockets]);
    assert_eq!(notes(auth, 1), [files, sockets]);
    let asked = r#"{"tool": {"name": "a"}, "permissions": {"http": ["https://a.example"], "files": [{"guest": "/d", "access": "read"}]}}"#;
    assert_eq!(notes(asked, 0), [sockets]);
}

#[test]
fn what_is_asked_has_one_digest_however_it_is_written() {
    let digest = |manifest: &str| {
        Folder::new(manifest)
            .wasm("package/a.wasm", COMMAND)
            .open()
            .unwrap()
            .asks()
    };
    let one = digest(
        r#"{"tool": {"name": "a"}, "auth": {"auth_provider": "slack", "scopes": ["a", "b"]},
            "permissions": {"http": ["https://a.example", "https://b.example"]}}"#,
    );
    let same = digest(
        r#"{"permissions": {"http": ["https://b.example", "https://a.example"]}, "variables": {"A": "b"},
            "auth": {"scopes": ["b", "a", "b"], "auth_provider": "Slack"}, "tool": {"name": "b"}}"#,
    );
    assert_eq!(one, same);
    for other in [
        r#"{"tool": {"name": "a"}, "auth": {"auth_provider": "slack", "scopes": ["a", "b", "c"]}, "permissions": {"http": ["https://a.example", "https://b.example"]}}"#,
        r#"{"tool": {"name": "a"}, "auth": {"auth_provider": "slack", "scopes": ["a", "b"]}, "permissions": {"http": ["https://a.example"]}}"#,
        r#"{"tool": {"name": "a"}, "auth": {"auth_provider": "slack", "scopes": ["a", "b"], "token": "user"}, "permissions": {"http": ["https://a.example", "https://b.example"]}}"#,
        r#"{"tool": {"name": "a"}}"#,
        r#"{"tool": {"name": "a"}, "permissions": {"credentials": "env"}}"#,
        r#"{"tool": {"name": "a"}, "permissions": {"files": [{"guest": "/a", "access": "read"}]}}"#,
        r#"{"tool": {"name": "a"}, "permissions": {"files": [{"guest": "/a", "access": "write"}]}}"#,
        r#"{"tool": {"name": "a"}, "permissions": {"limits": {"timeout": "60s"}}}"#,
        r#"{"tool": {"name": "a"}, "permissions": {"limits": {"memory": "1MiB"}}}"#,
    ] {
        assert_ne!(one, digest(other));
    }
}
