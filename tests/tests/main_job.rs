//! The main job: a tool from a git URL, signed in to Slack, run with its token, through the binary.

use std::{sync::Arc, time::Duration};

use pocket_runtime::{Home, ManualClock, Pocket, Rule, ToolEntry, UnixTime};
use pocket_tests::{Browser, GitServer, SlackCommand, SlackSettings, sample};

const HISTORY: &str = r#"{"channel": "C123", "limit": 6}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_from_a_git_url_signs_in_runs_and_runs_again_without() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let git = GitServer::start(None).await;
    let commit = git.commit("tools.git", "main", "slack-get-messages", &sample("slack-get-messages"));
    let mut args = story.run("slack-get-messages", HISTORY);
    args[1] = format!("{}#main:slack-get-messages", git.url("tools.git"));
    let ended = story.sign_in(&args, "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&commit),
        "which commit it took is said: {}",
        ended.stderr
    );
    let output: serde_json::Value = serde_json::from_str(&ended.stdout).expect("the output is JSON");
    assert_eq!(output["messages"].as_array().map(Vec::len), Some(6), "{output}");
    let again = story.pocket.run(&args);
    assert_eq!((again.code, &again.stdout), (0, &ended.stdout), "{}", again.stderr);
    assert_eq!(story.slack.token_requests(), 1);
    let everything = format!("{}{}{}{}", ended.stdout, ended.stderr, again.stdout, again.stderr);
    for token in story.slack.tokens() {
        assert!(!everything.contains(&token), "no token is printed");
    }
    assert!(!everything.contains("planted"), "no secret is printed: {everything}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_60_no_secret_lies_in_any_file_in_the_clear() {
    let story = SlackCommand::start(SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    })
    .await;
    let ended = story.sign_in(&story.run("slack-get-messages", HISTORY), "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut searched = 0;
    let mut folders = vec![story.pocket.home()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("the file can be read");
                assert!(
                    !bytes.windows(7).any(|window| window == b"planted"),
                    "a secret in {}",
                    path.display()
                );
                searched += 1;
            }
        }
    }
    assert!(searched > 2, "the home has files");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_posted_with_the_users_token_where_the_project_says_so() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    story
        .pocket
        .write(".secrets.toml", &format!("{}token = \"user\"\n", story.slack.secrets()));
    let ended = story
        .sign_in(
            &story.run("slack-post-message", r#"{"channel": "C123", "text": "hello"}"#),
            "allow",
        )
        .await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(story.slack.posted()[0]["text"], "hello");
    assert!(
        story.slack.tokens().iter().all(|token| token.starts_with("xoxp-")),
        "only a user's token was asked for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_waiting_the_url_is_the_answer() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut args = story.run("slack-get-messages", HISTORY);
    args.extend(["--no-wait".to_owned(), "--json".to_owned()]);
    let ended = story.pocket.run(&args);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(told["code"], "sign_in_required");
    let url = told["error"]["details"]["sign_in"]["url"].as_str().expect("a URL");
    assert!(
        url.starts_with(&format!("https://localhost:{}/sign-in/", story.port)),
        "{url}"
    );
    let login = ["auth", "login", "slack", "--scope", "channels:history", "--no-wait"];
    for ended in [story.pocket.run(login), story.pocket.run(without_json(&args))] {
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        let told = ended.stderr.matches("--no-wait").count();
        assert_eq!(told, 1, "one sentence says where the page is: {}", ended.stderr);
        assert!(
            ended.stderr.contains("while a `pocket` command waits for it"),
            "{}",
            ended.stderr
        );
    }
}

fn without_json(args: &[String]) -> Vec<String> {
    args.iter().filter(|word| *word != "--json").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_ends_soon_is_renewed_before_the_call() {
    let story = SlackCommand::start(SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    })
    .await;
    let url = story.slack.url();
    let clock = Arc::new(ManualClock::at(UnixTime(1_800_000_000)));
    let tool = ToolEntry::new(sample("slack-get-messages").display().to_string())
        .variable("SLACK_API_URL", format!("{url}/api"))
        .allow(url.parse::<Rule>().expect("a rule").private());
    let pocket = Pocket::builder()
        .home(Home::at(story.pocket.home()))
        .project(story.pocket.project())
        .clock(Arc::clone(&clock) as _)
        .tool(tool)
        .build()
        .await
        .expect("it is built");
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    let mut browser = Browser::new();
    let page = browser.open(&sign_ins[0].url).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    pocket.wait_tool_auth().await.expect("the sign-in is done");
    let input = || serde_json::from_str(HISTORY).expect("JSON");
    pocket
        .invoke("slack_get_messages", input())
        .await
        .expect("a call with a fresh token");
    assert_eq!(story.slack.refreshes(), 0);
    clock.advance(Duration::from_secs(43_200 - 80));
    pocket
        .invoke("slack_get_messages", input())
        .await
        .expect("a call with a renewed token");
    assert_eq!(
        story.slack.refreshes(),
        1,
        "80 s are less than a call may take and 60 s more"
    );
    pocket
        .invoke("slack_get_messages", input())
        .await
        .expect("another call with it");
    assert_eq!(story.slack.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_provider_refuses_is_renewed_once_and_the_call_repeated() {
    let story = SlackCommand::start(SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    })
    .await;
    let args = story.run("slack-get-messages", HISTORY);
    assert_eq!(story.sign_in(&args, "allow").await.code, 0);
    story.slack.end_access_tokens();
    let again = story.pocket.run(&args);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(story.slack.refreshes(), 1);
    story.slack.end_all_tokens();
    let mut args = args;
    args.push("--no-wait".to_owned());
    let refused = story.pocket.run(&args);
    assert_eq!(refused.code, 3, "{} {}", refused.stdout, refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_tells_the_provider_and_forgets() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let args = story.run("slack-get-messages", HISTORY);
    assert_eq!(story.sign_in(&args, "allow").await.code, 0);
    let status = story.pocket.run(["auth", "status"]);
    assert!(
        status.stdout.contains("slack-oauth2") && status.stdout.contains("ready"),
        "{}",
        status.stdout
    );
    let ended = story.pocket.run(["auth", "logout", "slack"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(story.slack.tokens().is_empty(), "the token was revoked");
    let status = story.pocket.run(["auth", "status", "--json"]);
    assert_eq!(
        status.stdout.trim(),
        "{\"accounts\":[],\"owed_revocations\":[],\"sign_ins\":[]}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_ready_is_not_given_to_another_tool_without_a_word() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let login =
        "auth login slack --scope channels:history --scope groups:history --scope im:history --scope mpim:history"
            .split(' ')
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>();
    let ended = story.sign_in(&login, "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let args = story.run("slack-get-messages", HISTORY);
    let refused = story.pocket.run(&args);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert_eq!(story.slack.api_calls(), 0, "the tool never ran");
    let inspected = story.pocket.run(["inspect", &args[1], "--json"]);
    let inspected: serde_json::Value = serde_json::from_str(&inspected.stdout).expect("JSON");
    let digest = inspected["digest"].as_str().expect("a digest");
    let mut args = args;
    args.push(format!("--yes={digest}"));
    let agreed = story.pocket.run(&args);
    assert_eq!(agreed.code, 0, "{}", agreed.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_can_be_typed_on_our_page() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let token = story.slack.issue(&["channels:history"]);
    let mut running = story
        .pocket
        .start(["auth", "login", "slack", "--handler", "slack-token"]);
    let url = running.word("http");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    assert!(page.body.contains("type=\"password\""), "{}", page.body);
    let done = browser.submit(&page, &[("field-token", &token)]).await;
    assert!(done.status.is_success(), "{}", done.body);
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let status = story.pocket.run(["auth", "status"]);
    assert!(status.stdout.contains("slack-token"), "{}", status.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_23_a_callback_from_another_browser_is_not_used() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut running = story.pocket.start(story.run("slack-get-messages", HISTORY));
    let url = running.word("https://localhost:");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let consent = browser.submit(&page, &[]).await;
    // The consent's redirect is taken by a browser that never saw our page.
    let mut thief = Browser::new();
    let denied = thief.submit(&consent, &[("decision", "allow")]).await;
    assert!(!denied.status.is_success(), "{} {}", denied.status, denied.body);
    assert_eq!(story.slack.token_requests(), 0, "the code was not used");
    // The flow is still there for who began it.
    browser.submit(&consent, &[("decision", "allow")]).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_browser_reaches_the_machine_the_address_is_pasted() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let mut running = story
        .pocket
        .start(["auth", "login", "slack", "--scope", "channels:history", "--paste"]);
    let url = running.word(&story.slack.url());
    let mut browser = Browser::new();
    let consent = browser.open(&url).await;
    let back = browser.submit_only(&consent, &[("decision", "allow")]).await;
    let address = back.headers["location"].to_str().expect("an address is text");
    running.type_line(address);
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let status = story.pocket.run(["auth", "status"]);
    assert!(status.stdout.contains("ready"), "{}", status.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_asked_for_again_on_a_terminal_and_only_there() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let login = ["auth", "login", "slack", "--scope", "channels:history", "--paste"];
    let wrong = "nonsense\nhttps://elsewhere.example/\nhttps://localhost/\nfourth\n";
    let typed = story.pocket.run_on_terminal(login, wrong);
    assert_eq!(typed.code, 2, "{}", typed.stdout);
    assert_eq!(typed.stdout.matches("address: ").count(), 3, "{}", typed.stdout);
    assert!(
        typed.stdout.contains("copy the whole address"),
        "each time with what to do: {}",
        typed.stdout
    );
    let piped = [&login[..], &["--profile", "piped"]].concat();
    let piped = story.pocket.run_with_input(piped, wrong);
    assert_eq!(piped.code, 2, "{}", piped.stderr);
    assert_eq!(piped.stderr.matches("address: ").count(), 1, "{}", piped.stderr);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_question_shows_the_scopes_that_the_account_has_already() {
    let story = SlackCommand::start(SlackSettings::default()).await;
    let posts = story.run("slack-post-message", r#"{"channel": "C123", "text": "hello"}"#);
    let ended = story.sign_in(&posts, "allow").await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let source = sample("slack-get-messages").display().to_string();
    for verb in ["add", "run"] {
        let asked = story.pocket.run_on_terminal([verb, &source], "n\n");
        assert_eq!(asked.code, 4, "{}", asked.stdout);
        let asks = asked.stdout.lines().find(|line| line.contains("slack credential"));
        let asks = asks.unwrap_or_else(|| panic!("{}", asked.stdout));
        assert!(asks.contains("channels:history, "), "it is asked for: {asks}");
        assert!(asks.contains("chat:write (it has it already)"), "{asks}");
    }
}
