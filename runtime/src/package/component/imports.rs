//! Which interfaces a component may import, and what each needs to be of use.

use crate::package::fault::shortened;

/// What the sandbox links, by package: every version 0.2.x of WASI.
const LINKED: &[(&str, &[&str])] = &[
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stderr",
            "stdin",
            "stdout",
            "terminal-input",
            "terminal-output",
            "terminal-stderr",
            "terminal-stdin",
            "terminal-stdout",
        ],
    ),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:filesystem", &["preopens", "types"]),
    ("wasi:http", &["outgoing-handler", "types"]),
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:random", &["insecure", "insecure-seed", "random"]),
    (
        "wasi:sockets",
        &[
            "instance-network",
            "ip-name-lookup",
            "network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
        ],
    ),
];

/// The interface by which a typed tool tells how far it is.
const REPORT: &str = "pocket:tool/report@0.1.0";

/// The name of an interface in its parts: `wasi:io/poll@0.2.6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interface<'n> {
    /// `wasi:io`.
    pub(super) package: &'n str,
    /// `poll`.
    pub(super) name: &'n str,
    /// `0.2.6`.
    pub(super) version: &'n str,
}

impl<'n> Interface<'n> {
    /// The parts of a name that has all three.
    pub(super) fn parse(name: &'n str) -> Option<Self> {
        let (package, rest) = name.split_once('/')?;
        let (name, version) = rest.split_once('@')?;
        Some(Self { package, name, version })
    }

    /// Whether its version is `0.2.x`, released.
    pub(super) fn is_wasi_0_2(&self) -> bool {
        self.package.starts_with("wasi:") && self.patch_of("0.2.")
    }

    fn is_wasi_0_3(&self) -> bool {
        self.package.starts_with("wasi:") && self.version.starts_with("0.3.")
    }

    fn patch_of(&self, series: &str) -> bool {
        self.version
            .strip_prefix(series)
            .is_some_and(|patch| !patch.is_empty() && patch.len() <= 3 && patch.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// Why an import cannot be served, and what to do.
pub(super) fn refusal(name: &str) -> Option<(String, Option<&'static str>)> {
    if name == REPORT {
        return None;
    }
    let interface = Interface::parse(name);
    if let Some(interface) = interface
        && interface.is_wasi_0_2()
        && let Some((_, names)) = LINKED.iter().find(|(package, _)| *package == interface.package)
        && names.contains(&interface.name)
    {
        return None;
    }
    let shown = shortened(name);
    Some(match interface {
        Some(interface) if interface.is_wasi_0_3() => (
            format!("WASI 0.3 is not supported yet: it imports `{shown}`"),
            Some("build for wasm32-wasip2, which imports WASI 0.2"),
        ),
        Some(interface) if interface.package == "wasi:http" && interface.name == "incoming-handler" => (
            format!("a tool is not a server: it imports `{shown}`"),
            Some("a tool is a command (`fn main`) or exports `pocket:tool/tool`"),
        ),
        Some(interface) if interface.package == "pocket:tool" => (
            format!("this version of Pocket gives only `{REPORT}`: it imports `{shown}`"),
            Some("build it against the `pocket-tool` of this version"),
        ),
        _other => (
            format!("nothing here gives this import: `{shown}`"),
            Some(
                "a tool may import `wasi:cli`, `io`, `clocks`, `random`, `filesystem`, `sockets`, `http` (types, outgoing-handler) at 0.2 and `pocket:tool/report`",
            ),
        ),
    })
}

/// What an import needs before it is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// A folder that is granted.
    Folder,
    /// A host that is granted.
    Host,
    /// What no grant gives: sockets.
    NoGrant,
}

/// What an import that is linked needs.
pub(crate) fn need(name: &str) -> Need {
    match Interface::parse(name).map(|interface| interface.package) {
        Some("wasi:filesystem") => Need::Folder,
        Some("wasi:http") => Need::Host,
        Some("wasi:sockets") => Need::NoGrant,
        _other => Need::Nothing,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_the_sandbox_links_is_taken_at_every_0_2() {
        for name in [
            "wasi:cli/environment@0.2.0",
            "wasi:io/streams@0.2.12",
            "wasi:http/outgoing-handler@0.2.4",
            "wasi:sockets/tcp@0.2.3",
            "pocket:tool/report@0.1.0",
        ] {
            assert_eq!(refusal(name), None, "{name}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_its_name() {
        for name in [
            "wasi:cli/environment@0.2.0-rc-2023-11-10",
            "wasi:cli/environment",
            "wasi:cli/run@0.2.0",
            "wasi:cli/nothing@0.2.0",
            "wasi:http/incoming-handler@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "wasi:io/poll@0.2.",
            "pocket:tool/report@0.2.0",
            "evil:io/poll@0.2.0",
            "plain",
            "",
        ] {
            let (message, _) = refusal(name).unwrap();
            assert!(message.ends_with(&format!("`{name}`")), "{message}");
        }
        assert!(
            refusal("wasi:io/poll@0.3.0")
                .unwrap()
                .0
                .starts_with("WASI 0.3 is not supported yet")
        );
    }
}
