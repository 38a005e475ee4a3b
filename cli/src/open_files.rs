//! How many files a server may have open, connections among them.

/// Lets this process have as many files open as the system lets it, and tells how many; nothing where there is no limit that is known.
/// What a shell gives by default, often 1,024, a browser or two and a few hundred agents use up.
#[cfg(unix)]
pub(crate) fn raised() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // A held process may be refused this: then it has what it had.
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit on open files stays as it was");
            limit.current
        }
    }
}

/// Windows has none.
#[cfg(not(unix))]
pub(crate) fn raised() -> Option<u64> {
    None
}

/// How many of so many may be connections: the rest are what calls need, such as a tool's folders and requests. A connection
/// beyond it waits, while a call without a file fails.
pub(crate) fn for_connections(files: u64) -> usize {
    usize::try_from(files - files / 4).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_calls_however_few_there_are() {
        for (files, connections) in [(0, 1), (1, 1), (256, 192), (1_024, 768), (65_536, 49_152)] {
            assert_eq!(for_connections(files), connections);
        }
    }
}
