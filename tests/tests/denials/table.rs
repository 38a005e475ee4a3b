//! The table.

use pocket_tests::Recorder;
use serde_json::{Value, json};

use crate::Door;

/// A rule that the operator grants. `{url}` and `{port}` in it are those of the server that nobody ought to reach.
pub(crate) enum Granted {
    /// For hosts of the whole world.
    Allow(&'static str),
    /// For one on an inner network, too.
    AllowPrivate(&'static str),
}

/// One thing that a tool is denied.
pub(crate) struct Denial {
    pub(crate) name: &'static str,
    pub(crate) guest: &'static str,
    /// JSON, with `{url}` and `{port}` in it.
    input: &'static str,
    pub(crate) grants: &'static [Granted],
    /// The word of the code with which it ends.
    code: &'static str,
    /// What its hints and refusals say.
    says: &'static [&'static str],
    /// What they do not say.
    unsaid: &'static [&'static str],
    /// Whether the output is that of a guest that got nothing, where the guest ends well.
    output: fn(&Value) -> bool,
    /// How many of its requests reach the server, by its rules.
    reached: usize,
}

impl Denial {
    /// A request that is refused, and after which the guest fails.
    const fn request(
        name: &'static str,
        input: &'static str,
        grants: &'static [Granted],
        says: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            guest: "dial",
            input,
            grants,
            code: "denied",
            says,
            unsaid: &[],
            output: |_output| true,
            reached: 0,
        }
    }

    /// What the guest is told that it cannot have, and copes with.
    const fn coped(name: &'static str, guest: &'static str, input: &'static str, output: fn(&Value) -> bool) -> Self {
        Self {
            name,
            guest,
            input,
            grants: &[],
            code: "ok",
            says: &[],
            unsaid: &[],
            output,
            reached: 0,
        }
    }

    const fn unsaid(self, unsaid: &'static [&'static str]) -> Self {
        Self { unsaid, ..self }
    }

    const fn reached(self, reached: usize) -> Self {
        Self { reached, ..self }
    }
}

use Granted::{Allow, AllowPrivate};

pub(crate) const TABLE: &[Denial] = &[
    Denial::request(
        "a host that nobody granted",
        r#"{"url": "https://example.com/page?secret=1", "fail": true}"#,
        &[],
        &["GET https://example.com"],
    )
    .unsaid(&["secret"]),
    Denial::request(
        "a host beside the granted one",
        r#"{"url": "https://sub.granted.example/", "fail": true}"#,
        &[Allow("https://granted.example")],
        &["GET https://sub.granted.example"],
    ),
    Denial::request(
        "an address that nobody granted",
        r#"{"url": "{url}/", "fail": true}"#,
        &[],
        &["http://127.0.0.1:{port}"],
    ),
    Denial::request(
        "an address as one number",
        r#"{"url": "http://2130706433:{port}/", "fail": true}"#,
        &[Allow("https://granted.example")],
        &["http://127.0.0.1:{port}"],
    ),
    Denial::request(
        "an inner address by a rule that does not open it",
        r#"{"url": "{url}/", "fail": true}"#,
        &[Allow("{url}")],
        &["private = true"],
    ),
    Denial::request(
        "a name that leads inside",
        r#"{"url": "http://localhost:{port}/", "fail": true}"#,
        &[Allow("http://localhost:{port}")],
        &["private = true"],
    ),
    Denial::request(
        "the metadata of a cloud, whatever the operator says",
        r#"{"url": "http://169.254.169.254/latest/meta-data/", "fail": true}"#,
        &[AllowPrivate("http://169.254.169.254")],
        &["169.254.169.254"],
    )
    .unsaid(&["would allow it"]),
    Denial::request(
        "the metadata of a cloud, by a redirect",
        r#"{"url": "{url}/redirect?to=http://169.254.169.254/", "follow": 3, "fail": true}"#,
        &[AllowPrivate("{url}")],
        &["169.254.169.254"],
    )
    .reached(1),
    Denial::request(
        "another host, by a redirect",
        r#"{"url": "{url}/redirect?to=https://example.com/", "follow": 3, "fail": true}"#,
        &[AllowPrivate("{url}")],
        &["GET https://example.com"],
    )
    .reached(1),
    Denial::request(
        "another path",
        r#"{"url": "{url}/closed", "fail": true}"#,
        &[AllowPrivate("{url}/open/*")],
        &["{url}"],
    ),
    Denial::request(
        "another path, by dots that are encoded",
        r#"{"url": "{url}/open/%2e%2e/closed", "fail": true}"#,
        &[AllowPrivate("{url}/open/*")],
        &["{url}"],
    ),
    Denial::request(
        "another method",
        r#"{"url": "{url}/", "method": "DELETE", "fail": true}"#,
        &[AllowPrivate("GET,POST {url}")],
        &["DELETE {url}"],
    ),
    Denial::request(
        "a method that no rule allows",
        r#"{"url": "{url}/", "method": "TRACE", "fail": true}"#,
        &[AllowPrivate("{url}")],
        &["TRACE"],
    ),
    Denial::coped("a connection past HTTP", "raw_tcp", r#"{"port": {port}}"#, |output| {
        output["connected"] == false
    }),
    Denial::coped("a datagram", "raw_udp", r#"{"port": {port}}"#, |output| {
        output["sent"].is_null()
    }),
    Denial::coped(
        "the address of a name",
        "resolve_name",
        r#"{"name": "localhost"}"#,
        |output| output["addresses"].is_null(),
    ),
    Denial::coped("the files of this machine", "read_root", "{}", |output| {
        let seen = output.as_object().map(|seen| seen.values().collect::<Vec<_>>());
        seen.is_some_and(|seen| seen.len() > 5 && seen.iter().all(|saw| saw.get("error").is_some()))
    }),
    Denial::coped(
        "a file to write",
        "write_file",
        r#"{"path": "/data/there", "text": "new"}"#,
        |output| output["written"] == false,
    ),
    Denial::coped("the host's environment", "print_env", "{}", |output| {
        *output == json!({ "variables": {}, "folder": null })
    }),
    Denial::coped("the host's arguments", "print_args", "{}", |output| {
        *output == json!(["print_args"])
    }),
];

/// A text of the table with this server in it.
pub(crate) fn filled(text: &str, port: u16) -> String {
    text.replace("{url}", &format!("http://127.0.0.1:{port}"))
        .replace("{port}", &port.to_string())
}

/// Every row holds through a door.
pub(crate) async fn hold(door: &impl Door, server: &Recorder) {
    let port = server.port();
    for denial in TABLE {
        let name = denial.name;
        let before = server.seen().len();
        let input = serde_json::from_str(&filled(denial.input, port)).expect("the input is JSON");
        let shape = door.call(denial, input).await;
        assert_eq!(shape["code"], denial.code, "{name}: {shape}");
        assert!((denial.output)(&shape["output"]), "{name}: {shape}");
        let told = format!("{} {}", shape["error"]["hints"], shape["refusals"]);
        for words in denial.says {
            assert!(told.contains(&filled(words, port)), "{name}: `{words}`: {shape}");
        }
        for words in denial.unsaid {
            assert!(!shape.to_string().contains(words), "{name}: `{words}`: {shape}");
        }
        assert_eq!(shape["usage"]["requests"], denial.reached, "{name}: {shape}");
        assert_eq!(
            server.seen().len() - before,
            denial.reached,
            "{name}: {:?}",
            server.seen()
        );
    }
}
