//! `cargo xtask demo`: one tool carried through all of Pocket, with nothing faked inside it.
#![expect(clippy::print_stdout, reason = "it tells a story on the terminal")]

use std::time::{Duration, Instant};

use pocket_tests::{Authority, Browser, GitServer, PocketCommand, Slack, SlackSettings, sample};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    pocket_tests::use_ring();
    println!(
        "1. A service like Slack on loopback, over TLS, with an app registered for https://localhost:PORT/auth/slack/callback."
    );
    let authority = Authority::new();
    let port = free_port();
    let settings = SlackSettings {
        redirect_uris: vec![format!("https://localhost:{port}/auth/slack/callback")],
        ..SlackSettings::default()
    };
    let slack = Slack::start(&authority, settings).await;
    println!("   {}", slack.url());

    println!(
        "2. The tool `slack-get-messages`, built for wasm32-wasip2, committed to a git repository served over HTTP."
    );
    let git = GitServer::start(None).await;
    let commit = git.commit("tools.git", "main", "slack-get-messages", &sample("slack-get-messages"));
    let source = format!("{}#main:slack-get-messages", git.url("tools.git"));
    println!("   {source}\n   commit {commit}");

    println!("3. A project that knows the service and the app. Its files ask; a person on this machine allows it:");
    let pocket = project(&authority, &slack, port);
    show(&pocket.run(["trust", "--yes"]).stderr);

    let host = slack.url();
    let args = [
        "run".to_owned(),
        source,
        r#"{"channel": "C123", "limit": 6}"#.to_owned(),
        format!("--variable=SLACK_API_URL={host}/api"),
        format!("--allow-private={host}"),
    ];
    with_sign_in(&pocket, &args).await;
    again(&pocket, &slack, &args);
}

fn project(authority: &Authority, slack: &Slack, port: u16) -> PocketCommand {
    let mut pocket = PocketCommand::new();
    pocket.write("authority.pem", &authority.pem());
    pocket.write(
        "pocket.toml",
        &format!(
            "{}\n[callback]\nport = {port}\n\n[network]\nca_file = \"authority.pem\"\n",
            slack.provider()
        ),
    );
    pocket.write(".secrets.toml", &slack.secrets());
    pocket.set("RUST_BACKTRACE", "1");
    pocket
}

async fn with_sign_in(pocket: &PocketCommand, args: &[String]) {
    println!("4. $ pocket run '{}' '{}'", args[1], args[2]);
    let began = Instant::now();
    let mut running = pocket.start(args);
    let url = running.word("https://localhost:");
    println!("   It prints where to sign in: {url}");
    println!("5. The browser's part, played by an HTTP client: our page, the service's consent, back to our listener.");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let consent = browser.submit(&page, &[]).await;
    let done = browser.submit(&consent, &[("decision", "allow")]).await;
    println!("   {} {}", done.status, done.url.path());
    let ended = running.end();
    show(&ended.stderr);
    show(&ended.stdout);
    assert_eq!(ended.code, 0, "the call after a sign-in: {}", ended.stderr);
    println!("   {} with fetch, sign-in, compile and call", seconds(began.elapsed()));
    assert!(ended.stdout.contains("message 1"), "the messages are printed");
}

fn again(pocket: &PocketCommand, slack: &Slack, args: &[String]) {
    println!("6. The same call again: no sign-in, no fetch of what is here, nothing compiled.");
    let began = Instant::now();
    let ended = pocket.run(args);
    show(&ended.stdout);
    assert_eq!(ended.code, 0, "the call with a token that is kept: {}", ended.stderr);
    assert_eq!(slack.token_requests(), 1, "no token was asked for again");
    println!("   {}", seconds(began.elapsed()));
}

fn show(text: &str) {
    for line in text.lines() {
        println!("   | {line}");
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
