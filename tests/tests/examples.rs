//! The library's two example programs, run as their users run them, against a service like Slack.

use std::{path::PathBuf, process::Stdio, time::Duration};

use pocket_tests::{Browser, GitServer, SlackProject, SlackSettings, sample};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

/// How long an example may take before it counts as hanging.
const LONGEST: Duration = Duration::from_secs(60);

/// An example beside this test's own program, built by `cargo xtask test`.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let found = test
        .ancestors()
        .map(|folder| folder.join("examples").join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("the example `{name}` is not built: run `cargo xtask test`, or `cargo build --examples`")
    })
}

/// Runs an example in the project's folder, does the user's part in the sign-in it prints, and gives what it printed at last.
async fn run(project: &SlackProject, name: &str, args: &[&str]) -> Value {
    let folder = project.embedder.project();
    let mut child = tokio::process::Command::new(example(name))
        .args(args)
        .current_dir(&folder)
        .env_clear()
        .env("POCKET_HOME", project.embedder.home())
        .env("HOME", project.embedder.home())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("SLACK_API_URL", project.api())
        .env("SSL_CERT_FILE", folder.join("authority.pem"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .expect("the example can be started");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut url = String::new();
    stdout.read_line(&mut url).await.expect("the example prints a line");
    let begins = format!("https://localhost:{}/sign-in/", project.port);
    assert!(url.starts_with(&begins), "the sign-in is printed first: `{url}`");
    let mut browser = Browser::new();
    let page = browser.open(url.trim()).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    let mut rest = String::new();
    let ended = tokio::time::timeout(LONGEST, async {
        stdout.read_to_string(&mut rest).await.expect("stdout can be read");
        child.wait().await.expect("it ends")
    });
    let status = ended.await.expect("it ends in time");
    assert!(status.success(), "{status}: {rest}");
    assert!(!rest.contains("planted"), "no secret is printed: {rest}");
    serde_json::from_str(&rest).unwrap_or_else(|error| panic!("JSON is printed: {error}: {rest}"))
}

/// The project says where the stand-in for Slack is, as an operator would: the program itself is that of the guide.
fn send_to_stand_in(project: &SlackProject, source: &str) {
    let (url, api) = (project.slack.url(), project.api());
    project.write_settings(&format!(
        "[tools.slack_get_messages]\nsource = \"{source}\"\nvariables = {{ SLACK_API_URL = \"{api}\" }}\ngrant.http = [{{ rule = \"{url}\", private = true }}]\n"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_the_program_prints_messages_after_a_sign_in() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let messages = run(&project, "function_tool", &["C123"]).await;
    assert_eq!(messages[0]["text"], "message 1", "{messages}");
    assert_eq!(project.slack.token_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_from_a_path_prints_messages_after_a_sign_in() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let source = sample("slack-get-messages").display().to_string();
    send_to_stand_in(&project, &source);
    let output = run(&project, "sandboxed_tool", &[&source, "C123"]).await;
    assert_eq!(output["messages"].as_array().map(Vec::len), Some(10), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_from_a_git_url_prints_messages_after_a_sign_in() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let git = GitServer::start(None).await;
    let commit = git.commit("tools.git", "main", "", &sample("slack-get-messages"));
    let source = git.url("tools.git");
    send_to_stand_in(&project, &source);
    let output = run(&project, "sandboxed_tool", &[&source, "C123"]).await;
    assert_eq!(output["messages"].as_array().map(Vec::len), Some(10), "{output}");
    let lock = project.embedder.read("pocket.lock").expect("the tool was pinned");
    assert!(lock.contains(&commit), "{lock}");
}
