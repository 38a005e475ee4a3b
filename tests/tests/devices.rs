//! Sign-ins by a code: as the terminal shows them, takes them up, and asks where somebody else entered the code.

use pocket_tests::{Browser, Ended, FaultProxy, JudgedCommand as Story, OAuthServer, Running};
use serde_json::Value;

const LOGIN: [&str; 10] = [
    "auth",
    "login",
    "judge",
    "--device",
    "--scope",
    "openid",
    "--scope",
    "offline_access",
    "--scope",
    "api:read",
];

fn status(story: &Story) -> Value {
    let ended = story.pocket.run(["auth", "status", "--json"]);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {}", ended.stderr))
}

/// The address and the code that a command shows.
fn code(story: &Story, running: &mut Running) -> (String, String) {
    let url = running.word(&story.server.url());
    (url, running.after("began this:"))
}

/// Enters the code as this user, and agrees.
async fn enter((url, code): &(String, String), user: &str) {
    let mut browser = Browser::new();
    let page = browser.open(url).await;
    let confirm = browser.submit(&page, &[("user_code", code)]).await;
    let login = browser.submit(&confirm, &[]).await;
    let consent = browser.submit(&login, &[("login", user), ("password", "x")]).await;
    assert!(consent.body.contains("api:read"), "{}", consent.body);
    browser.submit(&consent, &[]).await;
}

async fn signed_in(story: &Story, user: &str) -> Ended {
    let mut running = story.pocket.start(LOGIN);
    let code = code(story, &mut running);
    enter(&code, user).await;
    running.ended().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_the_project_is_run_with_a_code_from_the_beginning() {
    let Some(story) = Story::start("a project's tool that is run with a code", 3600).await else {
        return;
    };
    let mut call = story.call();
    let settings = std::fs::read_to_string(story.pocket.project().join("pocket.toml")).expect("it was written");
    let tool = format!(
        "[tools.who]\nsource = \"./dial\"\naccount = \"own\"\ngrant = {{ http = [{{ rule = \"{}\", private = true }}] }}\n",
        story.server.url()
    );
    story.pocket.write("pocket.toml", &format!("{settings}\n{tool}"));
    "who".clone_into(&mut call[1]);
    call.truncate(3);
    let mut running = story.pocket.start(call.iter().map(String::as_str).chain(["--device"]));
    let code = code(&story, &mut running);
    enter(&code, "alice").await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("alice"), "{} {}", ended.stdout, ended.stderr);
    assert_eq!(
        status(&story)["accounts"][0]["tool"],
        "who",
        "it signed in to the account of its own"
    );
    let again = story.pocket.run(call.iter().map(String::as_str).chain(["--device"]));
    assert_eq!(again.code, 0, "a token that is there needs no code: {}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_a_process_left_behind_is_shown_and_taken_up() {
    let Some(story) = Story::start("a code that is taken up", 3600).await else {
        return;
    };
    let mut running = story.pocket.start(LOGIN);
    let given = code(&story, &mut running);
    running.kill();
    drop(running);

    let shown = story.pocket.run(["auth", "status"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("a code on a device"), "{}", shown.stdout);
    assert!(
        shown.stderr.contains("pocket auth login judge") && shown.stderr.contains("--device"),
        "{}",
        shown.stderr
    );
    assert!(
        !shown.stdout.contains(&given.1),
        "whoever sees a table sees no code: {}",
        shown.stdout
    );

    let mut later = story.pocket.start(LOGIN);
    assert_eq!(code(&story, &mut later), given, "it is the same code");
    enter(&given, "alice").await;
    let ended = later.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let status = status(&story);
    assert_eq!(status["accounts"][0]["state"], "ready", "{status}");
    assert_eq!(status["sign_ins"].as_array().map(Vec::len), Some(0), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_somebody_else_entered_changes_whose_the_account_is_only_on_a_word() {
    let telling = |server: &OAuthServer, proxy: &FaultProxy| {
        let lookup = format!("lookup = {{ url = \"{}/me\", identity = [\"/sub\"] }}\n", server.url());
        server.provider_through(&proxy.url()) + &lookup
    };
    let Some(story) = Story::knowing("a code that somebody else entered", 3600, telling).await else {
        return;
    };
    let first = signed_in(&story, "alice").await;
    assert_eq!(first.code, 0, "{}", first.stderr);
    let who = |status: &Value| status["accounts"][0]["identity"].as_str().map(ToOwned::to_owned);
    let alice = who(&status(&story)).expect("the server says who it is");

    let second = signed_in(&story, "bob").await;
    assert_ne!(second.code, 0, "nobody was there to ask: {}", second.stderr);
    assert!(second.stderr.contains("bob"), "{}", second.stderr);
    assert_eq!(who(&status(&story)).as_deref(), Some(alice.as_str()));

    // On a terminal it is asked. The code is entered while no process waits for it.
    for (answer, expected) in [("n\n", "alice"), ("y\n", "bob")] {
        let mut running = story.pocket.start(LOGIN);
        let given = code(&story, &mut running);
        running.kill();
        drop(running);
        enter(&given, "bob").await;
        let asked = story.pocket.run_on_terminal(LOGIN, answer);
        assert!(asked.stdout.contains("Make it the account of"), "{}", asked.stdout);
        assert_eq!(asked.code == 0, expected == "bob", "{}", asked.stdout);
        let now = who(&status(&story)).expect("it is somebody's");
        assert!(now.contains(expected), "{now}");
    }
}
