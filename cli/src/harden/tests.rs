//! What a thread that was held still does, and what it does no more. Only that thread is held, and what it starts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::ErrorKind,
    net::{TcpListener, TcpStream, ToSocketAddrs as _},
    os::unix::net::{UnixDatagram, UnixStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use pocket_runtime::{Access, FolderGrant, Profile};
use rustix::io::Errno;

use super::{folders::Reach, landlock, seccomp};

/// Does this on a thread of its own.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|threads| threads.spawn(work).join()).unwrap()
}

/// A folder with a file in it.
fn folder(base: &Path, name: &str) -> PathBuf {
    let folder = base.join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("there"), name).unwrap();
    folder
}

fn denied<T: std::fmt::Debug>(outcome: std::io::Result<T>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn only_what_was_named_is_read_and_only_what_was_named_so_is_written() {
    let base = tempfile::tempdir().unwrap();
    let [read, write, other] = ["read", "write", "other"].map(|name| folder(base.path(), name));
    let reach = Reach {
        read: vec![read.clone(), base.path().join("is not there")],
        write: vec![write.clone()],
        terminal: Vec::new(),
        local_sockets: false,
    };
    std::os::unix::fs::symlink(&other, write.join("link")).unwrap();
    apart(|| {
        assert_eq!(landlock::restrict(&reach).unwrap(), None);
        assert_eq!(fs::read_to_string(read.join("there")).unwrap(), "read");
        denied(fs::write(read.join("there"), "changed"));
        denied(fs::write(read.join("new"), "new"));
        denied(fs::remove_file(read.join("there")));
        fs::write(write.join("new"), "new").unwrap();
        fs::rename(write.join("new"), write.join("newer")).unwrap();
        for path in [&other, &write.join("link")] {
            denied(fs::read(path.join("there")));
            denied(fs::write(path.join("there"), "changed"));
            denied(fs::read_dir(path));
        }
        denied(fs::read_dir(base.path()));
        denied(fs::rename(write.join("newer"), other.join("newer")));
    });
    assert_eq!(fs::read_to_string(other.join("there")).unwrap(), "other");
}

#[test]
fn a_written_folder_of_a_profile_is_made_before_and_those_of_others_are_not_reached() {
    use std::os::unix::fs::PermissionsExt as _;

    let base = tempfile::tempdir().unwrap();
    let [data, shared] = ["data", "shared"].map(|name| folder(base.path(), name));
    let other = folder(&data, "other");
    let mut reach = Reach::default();
    let grants = [
        FolderGrant::new("/data", data.join("{profile}"), Access::Write),
        FolderGrant::new("/shared", shared.join("{profile}"), Access::Read),
        FolderGrant::new("/gone", base.path().join("gone/{profile}"), Access::Write),
    ];
    reach.add_folders(grants, &Profile::new("ann"));
    let own = [&data, &shared].map(|folder| folder.join("ann"));
    for own in &own {
        assert_eq!(fs::metadata(own).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert!(!base.path().join("gone").exists());
    apart(|| {
        assert_eq!(landlock::restrict(&reach).unwrap(), None);
        fs::write(own[0].join("new"), "new").unwrap();
        assert_eq!(fs::read_dir(&own[1]).unwrap().count(), 0);
        denied(fs::write(own[1].join("new"), "new"));
        denied(fs::write(data.join("new"), "new"));
        denied(fs::create_dir(data.join("bob")));
        denied(fs::write(other.join("new"), "new"));
        denied(fs::read(other.join("there")));
    });
}

#[test]
fn files_threads_and_connections_are_had_and_programs_are_not() {
    let base = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    apart(|| {
        assert_eq!(seccomp::restrict(false).unwrap(), None);
        fs::write(base.path().join("file"), "text").unwrap();
        fs::create_dir_all(base.path().join("a/b")).unwrap();
        fs::remove_dir_all(base.path().join("a")).unwrap();
        assert_eq!(apart(|| 1 + 1), 2);
        let _connected = TcpStream::connect(address).unwrap();
        assert!(("localhost", 80).to_socket_addrs().unwrap().next().is_some());

        denied(Command::new("/bin/true").status());
        denied(UnixStream::connect(base.path().join("socket")));
        denied(UnixDatagram::pair());
        let _pair_of_streams = UnixStream::pair().unwrap();
        let mode = fs::metadata(base.path()).unwrap().permissions();
        denied(fs::set_permissions(base.path(), mode));
        let parent = rustix::process::getppid().unwrap();
        let refused = [
            rustix::process::kill_process(parent, rustix::process::Signal::CONT).map(drop),
            rustix::process::test_kill_process(parent).map(drop),
            rustix::process::pidfd_open(parent, rustix::process::PidfdFlags::empty()).map(drop),
            rustix::process::chroot("/"),
            rustix::net::socket(rustix::net::AddressFamily::PACKET, rustix::net::SocketType::RAW, None).map(drop),
        ];
        for outcome in refused {
            assert_eq!(outcome.unwrap_err(), Errno::PERM);
        }
    });
}

#[test]
fn other_threads_are_not_held_by_what_one_gave_up() {
    apart(|| seccomp::restrict(false).map(drop)).unwrap();
    assert!(Command::new("/bin/true").status().unwrap().success());
}
