//! Opens a folder as a package: its manifest and its component, checked together.

use std::{
    io::{self, Read as _},
    path::Path,
};

use cap_std::fs::Dir;

use crate::{
    base::digest::Digest,
    package::{
        Access, Component, Fault, Manifest, PackageError, Severity, TokenKind,
        component::{self, Need, need},
        fault::{listed, shortened},
        manifest::{AskedHandler, FILE, Handlers, LARGEST, read},
    },
    provider::Providers,
};

/// A manifest and its component, found together in one folder and checked against each other.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Package {
    /// What `pocket.json` says.
    pub manifest: Manifest,
    /// The component beside it.
    pub component: Component,
    notes: Vec<Fault>,
}

impl Package {
    /// Reads and checks the package in `folder`.
    ///
    /// # Errors
    /// Every fault that keeps it from being used, all at once.
    pub fn open(folder: &Dir, providers: &Providers) -> Result<Self, PackageError> {
        Self::open_with(folder, providers)
    }

    /// The same, of the folder at this path.
    ///
    /// # Errors
    /// When the folder cannot be opened, or as [`Package::open`].
    pub fn open_at(folder: &Path, providers: &Providers) -> Result<Self, PackageError> {
        let opened = Dir::open_ambient_dir(folder, cap_std::ambient_authority());
        let folder = opened.map_err(|error| {
            let message = format!("the folder cannot be opened: {error}");
            PackageError {
                faults: vec![Fault::of_file(
                    &folder.display().to_string(),
                    message,
                    Some("name the folder in which pocket.json lies"),
                )],
            }
        })?;
        Self::open(&folder, providers)
    }

    fn open_with(folder: &Dir, handlers: &impl Handlers) -> Result<Self, PackageError> {
        let bytes = manifest(folder).map_err(|fault| PackageError { faults: vec![fault] })?;
        let read = read(&bytes, handlers);
        let component = component::find(folder, &read.component);
        let mut faults = read.faults;
        match (read.manifest, component) {
            (Some(manifest), Ok(component)) => {
                faults.extend(unserved(&manifest, &component, read.handler.as_ref()));
                Ok(Self {
                    manifest,
                    component,
                    notes: faults,
                })
            }
            (_, component) => {
                faults.retain(Fault::is_error);
                faults.extend(component.err().unwrap_or_default());
                Err(PackageError { faults })
            }
        }
    }

    /// What is worth telling its author though the package can be used.
    #[must_use]
    pub fn notes(&self) -> Vec<Fault> {
        self.notes.clone()
    }

    /// The digest of what a person agrees to: the manifest's `auth` and `permissions`.
    ///
    /// It is taken of what they mean, so that white space and the order of lists do not change it.
    #[must_use]
    pub fn asks(&self) -> Digest {
        asks(&self.manifest)
    }
}

fn asks(manifest: &Manifest) -> Digest {
    let mut parts: Vec<Vec<u8>> = vec![b"pocket asks 1".to_vec()];
    let mut say = |name: &str, values: Vec<String>| {
        parts.push(name.as_bytes().to_vec());
        parts.push(values.len().to_string().into_bytes());
        parts.extend(values.into_iter().map(String::into_bytes));
    };
    let sorted = |mut values: Vec<String>| {
        values.sort();
        values.dedup();
        values
    };
    if let Some(auth) = &manifest.auth {
        say("provider", vec![auth.provider.clone()]);
        say("handler", auth.handler.iter().cloned().collect());
        say("scopes", sorted(auth.scopes.clone()));
        let token = match auth.token {
            TokenKind::Bot => "bot",
            TokenKind::User => "user",
        };
        say("token", vec![token.to_owned()]);
    }
    let permissions = &manifest.permissions;
    say(
        "http",
        sorted(permissions.http.iter().map(ToString::to_string).collect()),
    );
    let folder = |access: Access, guest: &str| match access {
        Access::Read => format!("read {guest}"),
        Access::Write => format!("write {guest}"),
    };
    say(
        "files",
        sorted(
            permissions
                .files
                .iter()
                .map(|file| folder(file.access, &file.guest))
                .collect(),
        ),
    );
    say(
        "timeout",
        permissions
            .timeout
            .iter()
            .map(|time| time.as_millis().to_string())
            .collect(),
    );
    say("memory", permissions.memory.iter().map(ToString::to_string).collect());
    say("credentials in env", vec![permissions.credentials_in_env.to_string()]);
    Digest::of_parts(parts.iter().map(Vec::as_slice))
}

/// Notes on imports that nothing which the manifest asks for can serve.
fn unserved(manifest: &Manifest, component: &Component, handler: Option<&AskedHandler>) -> Vec<Fault> {
    let names = |wanted: Need| {
        component
            .imports
            .iter()
            .map(|import| import.0.as_str())
            .filter(|name| need(name) == wanted)
            .map(|name| format!("`{}`", shortened(name)))
            .collect::<Vec<_>>()
    };
    let hosts = handler.map_or(0, |handler| handler.hosts) + manifest.permissions.http.len();
    [
        (
            Need::Host,
            hosts == 0,
            "nothing that is asked for lets it send requests",
            "if it sends any, ask for the hosts in `permissions.http`",
        ),
        (
            Need::Folder,
            manifest.permissions.files.is_empty(),
            "nothing that is asked for gives it a folder",
            "if it uses files, ask for a folder in `permissions.files`",
        ),
        (
            Need::NoGrant,
            true,
            "sockets are never given",
            "send requests with `wasi:http`",
        ),
    ]
    .into_iter()
    .filter(|(_, unserved, ..)| *unserved)
    .filter_map(|(need, _, message, hint)| {
        let names = names(need);
        (!names.is_empty()).then(|| {
            let message = format!("{message}, so these are refused when used: {}", names.join(", "));
            Fault::of_file(&component.path, message, Some(hint)).with_severity(Severity::Note)
        })
    })
    .collect()
}

/// The folders in this one that have a `pocket.json`.
fn packages_below(folder: &Dir) -> Vec<String> {
    const MOST: usize = 1_000;
    let entries = folder.entries().into_iter().flatten().take(MOST);
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut below: Vec<String> = names.filter(|name| folder.is_file(format!("{name}/{FILE}"))).collect();
    below.sort();
    below
}

/// The bytes of `pocket.json`, one more than the largest at most.
fn manifest(folder: &Dir) -> Result<Vec<u8>, Fault> {
    const WHAT_A_PACKAGE_IS: &str =
        "a tool is a folder with pocket.json and a component (`*.wasm`); `pocket new` makes one";
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            let below = packages_below(folder);
            let hint = if below.is_empty() {
                WHAT_A_PACKAGE_IS.to_owned()
            } else {
                format!(
                    "folders below are tools, name one of them: {}",
                    listed(below.iter().map(String::as_str))
                )
            };
            Fault::of_file(FILE, "there is no such file in the folder", Some(&hint))
        }
        io::ErrorKind::PermissionDenied => Fault::of_file(
            FILE,
            "it leads out of the folder, or may not be read",
            Some("put the file itself into the folder in place of a link to it"),
        ),
        _other => Fault::of_file(
            FILE,
            format!("it can not be read: {}", shortened(&error.to_string())),
            None,
        ),
    };
    // Asked before it is opened: opening a pipe would wait for its writer.
    if !folder.metadata(FILE).map_err(refused)?.is_file() {
        return Err(Fault::of_file(FILE, "it is not a file", Some(WHAT_A_PACKAGE_IS)));
    }
    let mut bytes = Vec::new();
    let mut file = folder.open(FILE).map_err(refused)?.take(LARGEST as u64 + 1);
    file.read_to_end(&mut bytes).map_err(refused)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
