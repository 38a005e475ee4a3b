//! People who sign in at a server that others than its operator reach.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use pocket_server::ServerSettings;
use pocket_tests::{Browser, Doors, Page, SlackProject, SlackSettings};
use serde_json::{Value, json};

const SITE: &str = "https://tools.example";

/// A server behind a proxy, with a tool that needs a sign-in.
struct Site {
    project: SlackProject,
    doors: Doors,
}

impl Site {
    async fn open() -> Self {
        let project = SlackProject::start_at(SITE, SlackSettings::default()).await;
        let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
        let mut settings = ServerSettings::default();
        settings.public_url = Some(SITE.parse().unwrap());
        let doors = Doors::open_with(pocket, project.embedder.home(), settings).await;
        Self { project, doors }
    }

    fn browser(&self) -> Browser {
        Browser::with_site(SITE, self.doors.address)
    }

    /// A call of this key, and where its user is sent.
    async fn call(&self, key: &str) -> Value {
        let input = json!({ "channel": "C123" });
        self.doors.call("slack_get_messages", &input, key).await.json()
    }

    async fn sign_in(&self, key: &str) -> String {
        let called = self.call(key).await;
        assert_eq!(called["code"], "sign_in_required", "{called}");
        called["details"]["sign_in"]["url"]
            .as_str()
            .unwrap_or_else(|| panic!("{called}"))
            .to_owned()
    }
}

/// Types a key where it is asked for.
async fn enter(browser: &mut Browser, page: &Page, key: &str) -> Page {
    assert_eq!(page.url.path(), "/enter", "{}", page.body);
    browser.submit_to(page, "/enter", &[("key", key)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_sent_to_a_sign_in_enters_and_comes_back_to_it_and_the_next_call_works() {
    let site = Site::open().await;
    let key = site.doors.key("alice");
    let url = site.sign_in(&key).await;
    assert!(url.starts_with(&format!("{SITE}/sign-in/")), "{url}");
    let mut alice = site.browser();
    let page = alice.open(&url).await;
    let refused = enter(&mut alice, &page, "pocket_0123456789ab_AAAA").await;
    assert_eq!(refused.status, 403);
    let page = enter(&mut alice, &refused, &key).await;
    assert_eq!(page.url.as_str(), url, "she is where she was going");
    let consent = alice.submit(&page, &[]).await;
    assert!(!consent.url.as_str().starts_with(SITE), "{}", consent.url);
    let done = alice.submit(&consent, &[("decision", "allow")]).await;
    assert_eq!(
        (done.status.as_u16(), done.url.path().starts_with("/done/")),
        (200, true),
        "{}",
        done.body
    );
    assert!(
        alice
            .visited()
            .iter()
            .any(|at| at.as_str().starts_with(&format!("{SITE}/auth/slack/callback?")))
    );
    let called = site.call(&key).await;
    assert_eq!(called["code"], "ok", "{called}");
    for page in alice.shown() {
        for secret in site.project.slack.tokens() {
            assert!(!page.body.contains(&secret), "no secret is on a page: {}", page.url);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_its_profiles_alone() {
    let site = Site::open().await;
    let (key, other) = (site.doors.key("alice"), site.doors.key("bob"));
    let url = site.sign_in(&key).await;
    let mut bob = site.browser();
    let page = bob.open(&url).await;
    let page = enter(&mut bob, &page, &other).await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(page.body.contains("is not yours"), "{}", page.body);

    let mut alice = site.browser();
    let page = alice.open(&url).await;
    let page = enter(&mut alice, &page, &key).await;
    let consent = alice.submit(&page, &[]).await;
    let back = alice.submit_only(&consent, &[("decision", "allow")]).await;
    let back = back.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(bob.open(&back).await.status, 403, "her answer is none in his browser");
    assert_eq!(
        site.browser().open(&back).await.status,
        403,
        "nor in one that never entered"
    );
    let done = alice.open(&back).await;
    assert!(done.url.path().starts_with("/done/"), "{} {}", done.url, done.body);
    assert_eq!(site.call(&key).await["code"], "ok");
    assert_eq!(site.call(&other).await["code"], "sign_in_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_pages_are_at_the_public_url_alone_and_lead_nowhere_else() {
    let site = Site::open().await;
    let key = site.doors.key("alice");
    let url = site.sign_in(&key).await;
    let path = url.strip_prefix(SITE).unwrap();
    let here = site.doors.get(path, "").await;
    assert_ne!(here.status, 200, "{}", here.text);
    assert!(!here.text.contains("Slack"), "{}", here.text);
    for elsewhere in [
        "https://evil.example/sign-in/a",
        "//evil.example",
        "/sign-in/../accounts",
        "/calls",
    ] {
        let mut alice = site.browser();
        let asked: String = url::form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect();
        let page = alice.open(&format!("{SITE}/enter?then={asked}")).await;
        let page = enter(&mut alice, &page, &key).await;
        assert_eq!(page.url.as_str(), format!("{SITE}/"), "{elsewhere}");
    }
}
