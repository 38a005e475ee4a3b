//! Finds the component of a package, and reads it.

use std::io::{self, Read as _};

use cap_std::fs::Dir;

use crate::{
    base::{digest::Digest, text::is_invisible},
    package::{
        Component, Fault,
        component::inspect::{Inspected, inspect},
        fault::{listed, shortened},
        manifest::{ComponentField, FILE},
    },
};

/// The largest component, in bytes.
const LARGEST: u64 = 64 << 20;

/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The folder beside the manifest in which builds leave their output.
const DIST: &str = "dist";

const HOW_TO_BUILD: &str = "`pocket build` builds it; by hand: `cargo build --release --target wasm32-wasip2`, then copy the `.wasm` file beside pocket.json";

/// Finds and reads the component that the manifest names, or the only one there is.
///
/// # Errors
/// Every fault that was found.
pub(crate) fn find(folder: &Dir, field: &ComponentField) -> Result<Component, Vec<Fault>> {
    let (path, place) = match field {
        ComponentField::Named { path, place } => match inside(path) {
            Ok(path) => (path, Some(*place)),
            Err(message) => {
                return Err(vec![of_field(
                    *place,
                    message,
                    "write a path inside the package: `dist/tool.wasm`",
                )]);
            }
        },
        ComponentField::Absent => (only_one(folder).map_err(|fault| vec![fault])?, None),
        ComponentField::Unreadable => return Err(Vec::new()),
    };
    let bytes = read(folder, &path).map_err(|(message, hint)| {
        vec![match place {
            Some(place) => of_field(place, message, hint),
            None => Fault::of_file(&path, message, Some(hint)),
        }]
    })?;
    let Inspected { kind, imports } = inspect(&bytes).map_err(|faults| {
        faults
            .into_iter()
            .map(|fault| Fault::of_file(&path, fault.message, fault.hint))
            .collect::<Vec<_>>()
    })?;
    Ok(Component {
        digest: Digest::of(&bytes),
        bytes: bytes.into(),
        path,
        kind,
        imports,
    })
}

/// A fault of the manifest's `component`.
fn of_field(place: (u32, u32), message: String, hint: &str) -> Fault {
    Fault {
        place: Some(place),
        path: Some("component".to_owned()),
        ..Fault::of_file(FILE, message, Some(hint))
    }
}

/// The path in one way of writing it, if it stays inside by its words. Links are the folder handle's to hold.
fn inside(path: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("{why}: `{}`", shortened(path)));
    if path.is_empty() {
        return refused("a path to the component is expected");
    }
    if path.chars().any(is_invisible) || path.contains('\\') || path.len() > 1024 {
        return refused("a path has at most 1024 bytes, `/` between its parts and no control characters");
    }
    if path.starts_with('/') || path.get(1..2) == Some(":") {
        return refused("the component may not lie outside of the package: an absolute path");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return refused("the component may not lie outside of the package: `..`");
    }
    if parts.is_empty() {
        return refused("a path to a file is expected");
    }
    Ok(parts.join("/"))
}

/// The only `*.wasm` beside the manifest or in `dist/`.
fn only_one(folder: &Dir) -> Result<String, Fault> {
    let mut found = wasm_files(folder, "").map_err(|error| unreadable(".", &error))?;
    match folder.open_dir(DIST) {
        Ok(dist) => found.extend(wasm_files(&dist, "dist/").map_err(|error| unreadable(DIST, &error))?),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        Err(error) => return Err(unreadable(DIST, &error)),
    }
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Fault::of_file(
            FILE,
            "the package has no component: looked for `*.wasm` and `dist/*.wasm`",
            Some(HOW_TO_BUILD),
        )),
        several => Err(Fault::of_file(
            FILE,
            format!(
                "which of these is the component? {}",
                listed(several.iter().map(String::as_str))
            ),
            Some("name one with `\"component\": \"...\"`, or remove the others"),
        )),
    }
}

fn unreadable(path: &str, error: &io::Error) -> Fault {
    Fault::of_file(path, format!("this folder can not be read: {error}"), None)
}

fn wasm_files(folder: &Dir, prefix: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in folder.entries()?.take(MOST_ENTRIES) {
        let name = entry?.file_name();
        if let Some(name) = name.to_str()
            && name.ends_with(".wasm")
        {
            found.push(format!("{prefix}{name}"));
        }
    }
    Ok(found)
}

/// Reads a file of the package, never more than the largest component; else what is wrong and what to do.
fn read(folder: &Dir, path: &str) -> Result<Vec<u8>, (String, &'static str)> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => (
            format!("there is no such component: `{}`", shortened(path)),
            HOW_TO_BUILD,
        ),
        // What the folder handle answers when a link leads out.
        io::ErrorKind::PermissionDenied => (
            format!(
                "the component lies outside of the package, or may not be read: `{}`",
                shortened(path)
            ),
            "put the file itself into the package in place of a link to it",
        ),
        _other => (
            format!(
                "the component `{}` can not be read: {}",
                shortened(path),
                shortened(&error.to_string())
            ),
            "see that it is a file which you may read",
        ),
    };
    // Asked before it is opened: opening a pipe would wait for its writer.
    let metadata = folder.metadata(path).map_err(refused)?;
    if !metadata.is_file() {
        let message = format!("the component is not a file: `{}`", shortened(path));
        return Err((message, "name the `.wasm` file itself"));
    }
    let too_large = |size: u64| {
        (
            format!("a component has at most 64 MiB: `{}` has {size} bytes", shortened(path)),
            "build it with `--release`, `strip = true` and `opt-level = \"s\"`",
        )
    };
    if metadata.len() > LARGEST {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::new();
    let mut file = folder.open(path).map_err(refused)?.take(LARGEST + 1);
    file.read_to_end(&mut bytes).map_err(refused)?;
    match bytes.len() as u64 {
        size if size > LARGEST => Err(too_large(size)),
        _fits => Ok(bytes),
    }
}
