//! Several values that a user types on our page, for tools that need a key pair or a user with a password, through the binary.

use pocket_tests::{Browser, Ended, Page, PocketCommand, free_port, program};
use serde_json::{Value, json};

const KEY: &str = "planted-api-key-0123456789-0123456789-0123456789";
const PRIVATE_KEY: &str = "planted/private+key/0123456789/0123456789/0123456789==";

/// A project with a tool of this name, made of this guest, that needs an account of this provider.
fn project(guest: &str, provider: &str) -> PocketCommand {
    pocket_tests::use_ring();
    let mut pocket = PocketCommand::new();
    pocket.set("POCKET_TRUST_PROJECT", "1");
    pocket.write("pocket.toml", &format!("[callback]\nport = {}\n", free_port()));
    let manifest = json!({
        "tool": { "name": "tool", "description": "A tool of the tests." },
        "component": "tool.wasm",
        "auth": { "auth_provider": provider },
    });
    pocket.write("tool/pocket.json", &manifest.to_string());
    std::fs::copy(program(guest), pocket.project().join("tool/tool.wasm")).expect("a component can be copied");
    pocket
}

/// Begins the sign-in that a call of the tool needs, and gives its page.
async fn page(pocket: &PocketCommand, input: &str) -> (pocket_tests::Running, Browser, Page) {
    let mut running = pocket.start(["run", "./tool", input, "--no-browser"]);
    let url = running.word("http");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    assert!(page.status.is_success(), "{}", page.body);
    (running, browser, page)
}

fn output(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {}", ended.stdout))
}

fn shows_nothing(texts: &[&str], secrets: &[&str]) {
    for text in texts {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_is_typed_once_and_each_half_comes_in_its_variable() {
    let pocket = project("print_env", "kraken");
    let (running, mut browser, shown) = page(&pocket, "{}").await;
    assert!(
        shown.body.contains("API key") && shown.body.contains("Private key"),
        "{}",
        shown.body
    );
    let swapped = [("field-api_key", "too short"), ("field-api_secret", PRIVATE_KEY)];
    let wrong = browser.submit(&shown, &swapped).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("`API key`"), "it says which: {}", wrong.body);
    shows_nothing(&[&wrong.body], &["planted"]);
    let right = [("field-api_key", KEY), ("field-api_secret", PRIVATE_KEY)];
    let done = browser.submit(&wrong, &right).await;
    assert!(done.body.contains("Signed in to Kraken"), "{}", done.body);

    let first = running.ended().await;
    let second = pocket.run(["run", "./tool", "{}"]);
    for ended in [&first, &second] {
        let variables = &output(ended)["variables"];
        assert_eq!(
            variables["KRAKEN_API_KEY"], "[redacted:KRAKEN_API_KEY]",
            "{}",
            ended.stdout
        );
        assert_eq!(
            variables["KRAKEN_API_SECRET"], "[redacted:KRAKEN_API_SECRET]",
            "{}",
            ended.stdout
        );
        shows_nothing(&[&ended.stdout, &ended.stderr], &["planted"]);
    }
    let status = pocket.run(["auth", "status"]);
    assert!(status.stdout.contains("kraken-keypair"), "{}", status.stdout);
    assert_eq!(pocket.run(["auth", "logout", "kraken"]).code, 0);
    assert_eq!(pocket.run(["run", "./tool", "{}", "--no-wait"]).code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_redacted_in_the_header_and_by_itself() {
    let pocket = project("print", "basicauth");
    let pair = "YWxpY2U6cGxhbnRlZC1wYXNzd29yZA==";
    let said = json!({ "pair": pair, "password": "planted-password", "user": "alice" }).to_string();
    let input = json!({ "stdout": said, "stderr": format!("Basic {pair}, which is planted-password") }).to_string();
    let (running, mut browser, shown) = page(&pocket, &input).await;
    let with_colon = [("field-username", "alice:x"), ("field-password", "planted-password")];
    let wrong = browser.submit(&shown, &with_colon).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    shows_nothing(&[&wrong.body], &["planted-password"]);
    let right = [("field-username", "alice"), ("field-password", "planted-password")];
    let done = browser.submit(&wrong, &right).await;
    assert!(done.status.is_success(), "{}", done.body);

    let first = running.ended().await;
    let second = pocket.run(["run", "./tool", &input, "-v"]);
    for ended in [&first, &second] {
        let output = output(ended);
        assert_eq!(output["pair"], "[redacted:BASIC_AUTH]");
        assert_eq!(output["password"], "[redacted:BASIC_AUTH]");
        assert_eq!(output["user"], "alice", "a name is no secret");
        shows_nothing(&[&ended.stdout, &ended.stderr], &["planted-password", pair]);
    }
}
