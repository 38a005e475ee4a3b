//! `pocket serve` and `pocket keys`, as somebody types them.

use std::process::Command;

use pocket_tests::{Browser, PocketCommand, Running, free_port, sample, until};
use serde_json::Value;

/// Asks a server that was started what an address gives; the key is what stands in this file.
async fn asked(url: &str, key: &str) -> (u16, String) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made");
    let request = client.get(url);
    let request = if key.is_empty() {
        request
    } else {
        request.bearer_auth(key)
    };
    let reply = request.send().await.expect("the server answers");
    (
        reply.status().as_u16(),
        reply.text().await.expect("the body comes whole"),
    )
}

fn served(pocket: &PocketCommand) -> (Running, String) {
    pocket_tests::use_ring();
    let mut serving = pocket.start(["serve", "--listen", "127.0.0.1:0"]);
    let url = serving.after("listening at ");
    (serving, url)
}

async fn ended(serving: Running) -> pocket_tests::Ended {
    let id = serving.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.expect("`kill` can be run").success());
    serving.ended().await
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_empty_folder_it_says_where_it_listens_and_what_to_do_next() {
    let pocket = PocketCommand::new();
    let (mut serving, url) = served(&pocket);
    let file = serving.after("the key  in ");
    let file = file.split(": send it").next().expect("the file is named").to_owned();
    serving.after("`pocket add SOURCE` adds one");
    let key = std::fs::read_to_string(&file).expect("the key is there");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).expect("the key is there"));
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    assert_eq!(
        asked(&format!("{url}/api/tools"), key.trim()).await,
        (200, "{\"tools\":[]}".to_owned())
    );
    assert_eq!(asked(&format!("{url}/api/tools"), "").await.0, 401);
    let ended = ended(serving).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        !format!("{}{}", ended.stdout, ended.stderr).contains(key.trim()),
        "the key is not printed"
    );
    let (again, _) = served(&pocket);
    let same = std::fs::read_to_string(&file).expect("the key is there");
    assert_eq!(same, key, "it is made once");
    self::ended(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_it_was_made_for_until_it_is_revoked() {
    let pocket = PocketCommand::new();
    for (name, tool) in [("one", "echo"), ("two", "echo")] {
        let source = sample(tool).display().to_string();
        let added = pocket.run(["add", &source, "--name", name, "--yes"]);
        assert_eq!(added.code, 0, "{}", added.stderr);
    }
    let (serving, url) = served(&pocket);
    let made = pocket.run([
        "--profile",
        "alice",
        "keys",
        "create",
        "--tool",
        "one",
        "--name",
        "script",
        "-v",
    ]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let key = made.stdout.trim();
    assert!(key.starts_with("pocket_"), "{key}");
    assert!(!made.stderr.contains(key), "{}", made.stderr);
    let (status, tools) = asked(&format!("{url}/api/tools"), key).await;
    assert!(
        status == 200 && tools.contains("\"one\"") && !tools.contains("\"two\""),
        "{status} {tools}"
    );

    let listed = pocket.run(["--json", "keys", "list"]);
    let keys: Value = serde_json::from_str(&listed.stdout).expect("it is JSON");
    let ours = keys["keys"]
        .as_array()
        .and_then(|keys| keys.iter().find(|key| key["name"] == "script"));
    let ours = ours.expect("it is listed").clone();
    assert_eq!((&ours["profile"], &ours["tools"][0]), (&"alice".into(), &"one".into()));
    let shown = pocket.run(["keys", "list"]);
    let secret = key.rsplit('_').next().expect("it has a secret part");
    assert!(shown.stdout.contains("alice"), "{}", shown.stdout);
    for text in [&listed.stdout, &shown.stdout, &shown.stderr] {
        assert!(!text.contains(secret), "no secret is listed: {text}");
    }

    let id = ours["id"].as_str().expect("it has an id");
    assert_eq!(pocket.run(["keys", "revoke", id]).code, 0);
    assert_eq!(asked(&format!("{url}/api/tools"), key).await.0, 401);
    let again = pocket.run(["keys", "revoke", id]);
    assert_eq!(again.code, 5, "{}", again.stderr);
    assert!(again.stderr.contains("`pocket keys list`"), "{}", again.stderr);
    assert_eq!(pocket.run(["keys", "revoke", "nonsense"]).code, 2);
    ended(serving).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_let_in_whom_nobody_meant_is_refused() {
    let pocket = PocketCommand::new();
    for (args, says) in [
        (
            ["serve", "--no-key", "--listen", "0.0.0.0:0"].as_slice(),
            "from this machine",
        ),
        (
            &["serve", "--no-key", "--public-url", "https://tools.example"],
            "from this machine",
        ),
        (&["serve", "--public-url", "http://tools.example"], "over https"),
        (&["serve", "--stdio", "--no-key"], "cannot be used with"),
        (&["serve", "--listen", "nowhere"], "invalid value"),
    ] {
        let refused = pocket.run(args);
        assert_ne!(refused.code, 0, "{args:?}");
        assert!(refused.stderr.contains(says), "{args:?}: {}", refused.stderr);
    }
    let open = pocket.start(["serve", "--no-key", "--listen", "127.0.0.1:0"]);
    let mut open = open;
    let url = open.after("listening at ");
    assert_eq!(asked(&format!("{url}/api/tools"), "").await.0, 200);
    let address = url.strip_prefix("http://").expect("it is a URL");
    let taken = pocket.run(["serve", "--listen", address]);
    assert!(taken.stderr.contains("another program listens"), "{}", taken.stderr);
    ended(open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_lets_a_browser_in_is_told_to_a_program_and_written_to_no_log() {
    let pocket = PocketCommand::new();
    let (mut serving, url) = served(&pocket);
    assert_eq!(serving.after("  pages    "), format!("{url}/enter, with the key"));
    let log = ended(serving).await;
    assert!(!log.stderr.contains("code="), "{}", log.stderr);

    let address = format!("127.0.0.1:{}", free_port());
    let serving = pocket.start(["--json", "serve", "--listen", &address]);
    until("it listens", async || std::net::TcpStream::connect(&address).ok()).await;
    assert_eq!(asked(&format!("http://{address}/healthz"), "").await.0, 200);
    let told = ended(serving).await;
    let told: Value = serde_json::from_str(&told.stdout).expect("it is JSON");
    let page = told["page"].as_str().expect("it has the page");
    assert!(page.starts_with(&format!("http://{address}/enter?code=")), "{page}");

    let mut open = pocket.start(["serve", "--no-key", "--listen", "127.0.0.1:0"]);
    let page = open.after("  pages    ");
    let shown = Browser::new().open(&page).await;
    assert!(
        shown.status == 200 && shown.body.contains("There are no tools here"),
        "{}",
        shown.body
    );
    ended(open).await;
}
