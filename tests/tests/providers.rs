//! What a user learns of providers before the first sign-in.

use pocket_tests::PocketCommand;
use serde_json::Value;

/// Compares what a command showed with its snapshot.
macro_rules! shows {
    ($pocket:expr, $ended:expr) => {
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!($pocket.shown(&$ended));
        })
    };
}

fn json_of(pocket: &PocketCommand, arguments: &[&str]) -> Value {
    let ended = pocket.run(arguments);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("it is JSON")
}

#[test]
fn all_providers_are_listed_with_what_each_needs() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["auth", "providers"]);
    assert_eq!(ended.code, 0);
    shows!(pocket, ended);
    let all = json_of(&pocket, &["--json", "auth", "providers"]);
    let all = all["providers"].as_array().expect("a list");
    assert_eq!(all.len(), 74);
    let handlers = all
        .iter()
        .flat_map(|provider| provider["handlers"].as_array().expect("a list"));
    assert_eq!(handlers.count(), 83, "the 82 that tools know, and `google-token`");
}

#[test]
fn one_provider_tells_what_to_register_and_which_keys_to_set() {
    let pocket = PocketCommand::new();
    for name in [
        "slack",
        "github",
        "salesforce",
        "linkedin",
        "kraken",
        "canvas",
        "apitoken",
    ] {
        let ended = pocket.run(["auth", "providers", name]);
        assert_eq!(ended.code, 0);
        shows!(pocket, ended);
    }
    let ended = pocket.run(["--json", "auth", "providers", "jira"]);
    shows!(pocket, ended);
}

#[test]
fn a_provider_that_is_set_up_says_so_and_one_of_ones_own_is_there() {
    let pocket = PocketCommand::new();
    pocket.write(
        ".secrets.toml",
        "[auth.slack]\nclient_id = \"1\"\nclient_secret = \"planted-secret\"\nuse_recommended_scope = false\n",
    );
    pocket.write(
        "pocket.toml",
        "[providers.acme]\nhosts = [\"api.acme.example\"]\noauth2.authorize = \"https://acme.example/a\"\noauth2.token = \"https://acme.example/t\"\n",
    );
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let slack = pocket.run(["auth", "providers", "slack"]);
    assert!(slack.stdout.contains("app        set"), "{}", slack.stdout);
    assert!(!slack.stdout.contains("planted-secret"), "{}", slack.stdout);
    let acme = json_of(&pocket, &["--json", "auth", "providers", "acme"]);
    assert_eq!(acme["redirect_uri"], "http://127.0.0.1:8976/auth/acme/callback");
    assert_eq!(acme["sure"], "operator");
}

#[test]
fn a_domain_of_ones_own_changes_the_endpoints_of_a_provider_that_has_such() {
    let pocket = PocketCommand::new();
    let app = "client_id = \"1\"\nclient_secret = \"2\"\n";
    let own = "domain_url = \"https://acme.my.salesforce.com\"\n";
    pocket.write(".secrets.toml", &format!("[auth.salesforce]\n{app}{own}"));
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let salesforce = json_of(&pocket, &["--json", "auth", "providers", "salesforce"]);
    assert_eq!(
        salesforce["sure"], "clients",
        "the file itself says where a domain may be"
    );
    let endpoints = salesforce["oauth2"]["endpoints"].as_array().expect("a list");
    assert!(endpoints.iter().all(|url| {
        url.as_str()
            .is_some_and(|url| url.starts_with("https://acme.my.salesforce.com/"))
    }));

    for (text, says) in [
        (
            format!("[auth.salesforce]\n{app}domain_url = \"https://evil.example\"\n"),
            "`oauth2.domain_url`",
        ),
        (format!("[auth.slack]\n{app}{own}"), "`oauth2.domain_url`"),
        (
            format!("[auth.slack]\n{app}use_recommended_scope = \"perhaps\"\n"),
            ".secrets.toml:4:25: expected `true` or `false`",
        ),
    ] {
        pocket.write(".secrets.toml", &text);
        let ended = pocket.run(["auth", "providers"]);
        assert_ne!(ended.code, 0);
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
    }
}

#[test]
fn what_a_project_redefines_is_shown_once_it_is_trusted_and_then_as_its_own_words() {
    let pocket = PocketCommand::new();
    pocket.write("pocket.toml", "[providers.slack]\nhosts = [\"evil.example\"]\n");
    let shown = pocket.run(["auth", "providers", "slack"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(!shown.stdout.contains("evil.example"), "{}", shown.stdout);
    assert!(shown.stdout.contains("the provider says so"), "{}", shown.stdout);
    assert!(shown.stderr.contains("files are not trusted"), "{}", shown.stderr);
    assert!(shown.stderr.contains("pocket trust"), "{}", shown.stderr);

    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let shown = pocket.run(["auth", "providers", "slack"]);
    assert!(shown.stdout.contains("evil.example"), "{}", shown.stdout);
    assert!(
        shown.stdout.contains("sure       changed by you: `[providers.slack]`"),
        "{}",
        shown.stdout
    );
    assert!(!shown.stdout.contains("the provider says so"), "{}", shown.stdout);
    assert_eq!(shown.stderr, "");
    let slack = json_of(&pocket, &["--json", "auth", "providers", "slack"]);
    assert_eq!(
        (&slack["sure"], &slack["checked"]),
        (&Value::from("changed"), &Value::Null)
    );
}

#[test]
fn a_provider_that_is_not_there_is_told_with_the_nearest_name() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["auth", "providers", "slakc"]);
    assert_eq!(ended.code, 5);
    assert!(ended.stderr.contains("slack"), "{}", ended.stderr);
}
