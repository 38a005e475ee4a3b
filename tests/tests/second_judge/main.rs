//! Stories with a second OAuth server that nobody here wrote: Debian's `glewlwyd`, whose replies are its own.

mod renewals;
mod sign_ins;

use pocket_tests::Glewlwyd;
use serde_json::Value;

/// What the server said to each request of a grant type: its status, and the error that it named.
fn said(server: &Glewlwyd, grant: &str) -> Vec<(Option<u16>, Option<String>)> {
    let passed = server.proxy.passed().into_iter();
    let of_it = passed.filter(|passed| passed.grant == grant);
    of_it.map(|passed| (passed.status, passed.error)).collect()
}

/// What the tool's request was answered with.
fn status(stdout: &str) -> u64 {
    let output: Value = serde_json::from_str(stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"));
    output["status"].as_u64().unwrap_or_else(|| panic!("{output}"))
}
