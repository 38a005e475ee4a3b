//! What a hardened process must not be able to do, tried.

use std::{
    fs,
    os::unix::net::{UnixDatagram, UnixStream},
    path::Path,
    process::Command,
};

use crate::place::Place;

/// Tries each, in this process; gives whether it came to nothing, as it has to.
pub(crate) fn tries(place: &Place) -> Vec<(&'static str, bool)> {
    let user = std::env::var_os("HOME").unwrap_or_default();
    let user = Path::new(&user);
    let parent = rustix::process::getppid();
    let mut tries = vec![
        ("read this user's home folder", fs::read_dir(user).is_err()),
        ("write this user's home folder", !writes(user)),
        ("write the project's folder", !writes(&place.project)),
        ("write Pocket's settings", !writes(place.home.config())),
        (
            "write code that a later run loads",
            !writes(&place.home.cache().join("compiled")),
        ),
        ("write what was fetched", !writes(&place.home.cache().join("packages"))),
        ("change who may read a file", !changes_mode(place.home.data())),
        ("start a program", Command::new("/bin/true").status().is_err()),
        (
            "start this program",
            Command::new("/proc/self/exe").arg("--version").status().is_err(),
        ),
        (
            "signal another process",
            parent.is_none_or(|parent| rustix::process::test_kill_process(parent).is_err()),
        ),
        ("have a pair of datagram sockets", UnixDatagram::pair().is_err()),
        ("change the root folder", rustix::process::chroot("/").is_err()),
    ];
    // Where the store is in a keyring or behind such a socket, a run has them.
    let settings = place.read().map(|(settings, _asks)| settings);
    if settings.is_ok_and(|settings| !settings.store.uses_local_sockets(&place.home)) {
        tries.push(("speak to a socket that has a path", !reaches_local_sockets()));
    }
    tries
}

fn writes(folder: &Path) -> bool {
    let probe = folder.join(format!(".pocket-probe-{}", std::process::id()));
    let written = fs::write(&probe, b"").is_ok();
    // Where it was not written there is nothing to take away.
    let _removed = fs::remove_file(&probe);
    written
}

fn changes_mode(folder: &Path) -> bool {
    let mode = fs::metadata(folder).map(|metadata| metadata.permissions());
    mode.and_then(|mode| fs::set_permissions(folder, mode)).is_ok()
}

/// Whether a socket that has a path can be spoken to at all: one that is not there is told apart from one that may not be made.
fn reaches_local_sockets() -> bool {
    match UnixStream::connect("/run/pocket-probe-that-is-not-there") {
        Ok(_there) => true,
        Err(error) => error.kind() != std::io::ErrorKind::PermissionDenied,
    }
}
