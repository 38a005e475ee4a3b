//! What this process holds of memory and open files.

use std::{collections::BTreeMap, fmt, fs};

/// What this process holds, after so many calls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) calls: u64,
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
    /// Open file descriptors.
    pub(crate) files: usize,
}

impl Sample {
    pub(crate) const HEAD: &str = "     calls   memory KiB  open files";

    pub(crate) fn now(calls: u64) -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        Self {
            calls,
            memory: memory.expect("the kernel tells resident memory"),
            files: fs::read_dir("/proc/self/fd").expect("this is Linux").count(),
        }
    }
}

/// What is open, by what the kernel calls it, and how often. The numbers of sockets and pipes are left out, as they always differ.
pub(crate) fn open_files() -> BTreeMap<String, usize> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fd").expect("this is Linux").flatten() {
        let Ok(file) = fs::read_link(entry.path()) else {
            continue;
        };
        let name = file.display().to_string();
        let kind = name.split(":[").next().unwrap_or_default();
        *files.entry(kind.to_owned()).or_default() += 1;
    }
    files
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}{:>13}{:>12}", self.calls, self.memory, self.files)
    }
}
