//! What keeps tokens, or their key, for the tests: Debian's PostgreSQL, Redis, a keyring.

use std::{fs, path::PathBuf};

use crate::{guests::debian, workspace::say};

/// A server: its program, Debian's package, and what is left out without it.
const SERVERS: [(&str, &str, &str); 4] = [
    ("postgres", "postgresql", "the token store on PostgreSQL"),
    ("redis-server", "redis-server", "the token store on Redis"),
    (
        "gnome-keyring-daemon",
        "gnome-keyring",
        "the key of a token store in a keyring",
    ),
    ("dbus-run-session", "dbus", "the key of a token store in a keyring"),
];

/// Installs what is missing where that may be done, else says by name what is left out.
pub(crate) fn ready() {
    let missing: Vec<_> = SERVERS.iter().filter(|(program, ..)| !is_there(program)).collect();
    if missing.is_empty() {
        return;
    }
    let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
    say(format!(
        "installing {} for the tests of the token store",
        packages.join(", ")
    ));
    // The services of the packages are of no use here: the tests start servers of their own.
    let installed = debian::apt(&["update"])
        .and_then(|()| debian::apt(&[&["install", "-y", "--no-install-recommends"][..], &packages].concat()));
    let reason = installed
        .err()
        .map_or_else(String::new, |error| format!(" ({error:#})"));
    for (program, _, what) in missing {
        if !is_there(program) {
            say(format!(
                "left out: {what}, since this machine has no `{program}` and it could not be installed{reason}"
            ));
        }
    }
}

fn is_there(program: &str) -> bool {
    let mut folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.iter().any(|folder| folder.join(program).is_file())
}
