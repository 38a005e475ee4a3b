//! How much memory this machine, or the cgroup in which we run, has.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where it cannot be found out.
const UNKNOWN: u64 = 8 << 30;

/// In bytes: what the machine has, or the smallest limit of a cgroup around this process.
pub(super) fn memory() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| total_of(&text))
        .unwrap_or(UNKNOWN);
    let cgroup = fs::read_to_string("/proc/self/cgroup")
        .ok()
        .and_then(|text| smallest_limit(Path::new("/sys/fs/cgroup"), &text));
    cgroup.map_or(machine, |limit| limit.min(machine))
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The smallest `memory.max` from the process's cgroup up to the root.
fn smallest_limit(root: &Path, of_process: &str) -> Option<u64> {
    let (file, below) = of_process.lines().find_map(|line| {
        // Version 2 is one line `0::/path`; in version 1 the memory controller has a line, and a folder, of its own.
        let mut parts = line.splitn(3, ':');
        match (parts.next()?, parts.next()?, parts.next()?) {
            (_id, controllers, path) if controllers.split(',').any(|c| c == "memory") => {
                Some(("memory/memory.limit_in_bytes", path))
            }
            ("0", "", path) => Some(("memory.max", path)),
            _other => None,
        }
    })?;
    let (controller, file) = file.rsplit_once('/').unwrap_or(("", file));
    let top = root.join(controller);
    let mut folder: PathBuf = top.join(below.trim_start_matches('/'));
    let mut smallest: Option<u64> = None;
    while folder.starts_with(&top) {
        let limit = fs::read_to_string(folder.join(file))
            .ok()
            .and_then(|text| text.trim().parse::<u64>().ok());
        smallest = match (smallest, limit) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if !folder.pop() {
            break;
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_total_is_read_from_meminfo() {
        assert_eq!(total_of("MemTotal:       16384 kB\nMemFree: 1 kB\n"), Some(16 << 20));
        assert_eq!(total_of("MemFree: 1 kB\n"), None);
        assert_eq!(total_of("MemTotal: 18446744073709551615 kB\n"), None);
    }

    #[test]
    fn the_smallest_limit_around_a_process_holds() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("outer/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        fs::write(root.path().join("outer/memory.max"), "1048576\n").unwrap();
        assert_eq!(smallest_limit(root.path(), "0::/outer/inner\n"), Some(1 << 20));
        fs::write(inner.join("memory.max"), "4096\n").unwrap();
        assert_eq!(smallest_limit(root.path(), "0::/outer/inner\n"), Some(4096));
        assert_eq!(smallest_limit(root.path(), "0::/elsewhere\n"), None);
    }

    #[test]
    fn a_first_version_cgroup_has_its_own_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("memory/box")).unwrap();
        fs::write(root.path().join("memory/box/memory.limit_in_bytes"), "8192\n").unwrap();
        assert_eq!(
            smallest_limit(root.path(), "5:cpu:/\n4:memory:/box\n0::/\n"),
            Some(8192)
        );
    }
}
