//! Keeps what this process holds in memory, tokens among it, out of core dumps.

/// From here on a crash of this process, or of those that it starts, leaves no core dump.
#[cfg(unix)]
pub(crate) fn forbid() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash may leave a core dump, with secrets in it");
    }
}

/// Windows writes none of its own accord.
#[cfg(not(unix))]
pub(crate) fn forbid() {}
