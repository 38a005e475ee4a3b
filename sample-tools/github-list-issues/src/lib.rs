//! Lists the issues of a GitHub repository, page by page.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use pocket_tool::http::{self, Response};
use pocket_tool::{Credential, Error, credential, progress};
use serde::{Deserialize, Serialize};

/// GitHub gives no more than 100 a page.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// `owner/name`.
    repository: String,
    #[serde(default = "open")]
    state: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default = "thirty")]
    limit: usize,
}

fn open() -> String {
    "open".to_owned()
}

fn thirty() -> usize {
    30
}

#[derive(Serialize)]
struct Output {
    issues: Vec<Issue>,
}

#[derive(Serialize, Deserialize)]
struct Issue {
    number: u64,
    title: String,
    state: String,
    html_url: String,
    user: Option<User>,
    labels: Vec<Label>,
    created_at: String,
    updated_at: String,
    comments: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// GitHub lists pull requests among the issues.
    #[serde(skip_serializing)]
    pull_request: Option<PullRequest>,
}

#[derive(Serialize, Deserialize)]
struct User {
    login: String,
}

#[derive(Serialize, Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct PullRequest {}

fn run(input: Input) -> Result<Output, Error> {
    let token = credential("GITHUB_TOKEN")?;
    let mut issues = Vec::new();
    for page in 1.. {
        let response = ask(&input, page, &token)?;
        let is_last = !response
            .header("link")
            .is_some_and(|link| link.contains("rel=\"next\""));
        let listed: Vec<Issue> = response.json()?;
        issues.extend(listed.into_iter().filter(|issue| issue.pull_request.is_none()));
        progress(issues.len() as f64, input.limit as f64, "reading issues");
        if is_last || issues.len() >= input.limit {
            break;
        }
    }
    issues.truncate(input.limit);
    Ok(Output { issues })
}

fn ask(input: &Input, page: u32, token: &Credential) -> Result<Response, Error> {
    let (owner, name) = repository(&input.repository)?;
    let api = env::var("GITHUB_API_URL").unwrap_or_else(|_| "https://api.github.com".to_owned());
    let mut request = http::get(format!("{}/repos/{owner}/{name}/issues", api.trim_end_matches('/')))
        .query(&[("state", &input.state)])
        .query(&[("per_page", PAGE as u32), ("page", page)])
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .header("user-agent", "pocket-github-list-issues")
        .bearer(token);
    if !input.labels.is_empty() {
        request = request.query(&[("labels", input.labels.join(","))]);
    }
    let response = request.send()?;
    match response.status() {
        403 | 429 if limited(&response) => Err(Error::rate_limited(wait(&response))),
        404 => Err(Error::invalid_input(format!(
            "no such repository, or the token can not see it: `{owner}/{name}`"
        ))),
        _ => response.error_for_status(),
    }
}

/// The two parts of `owner/name`, which go into the path and so may hold nothing else.
fn repository(text: &str) -> Result<(&str, &str), Error> {
    let is_name = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    match text.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok((owner, name)),
        _ => Err(Error::invalid_input(format!(
            "`repository` is not written as `owner/name`: `{text}`"
        ))),
    }
}

/// GitHub says 403 for a spent limit as well as for what is forbidden.
fn limited(response: &Response) -> bool {
    response.status() == 429
        || response.header("x-ratelimit-remaining") == Some("0")
        || response.header("retry-after").is_some()
}

/// Seconds until GitHub answers again.
fn wait(response: &Response) -> u32 {
    let until_reset = || {
        let reset: u64 = response.header("x-ratelimit-reset")?.parse().ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        u32::try_from(reset.saturating_sub(now)).ok()
    };
    response.retry_after().or_else(until_reset).unwrap_or(60)
}

pocket_tool::export!(run);
