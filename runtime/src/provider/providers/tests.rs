//! Files that come along, and what operators lay over them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::provider::{Flow, Issuer, OAuth2, Pkce, Redirect, Revoke, Secrecy, Sure};

fn with(name: &str, text: &str) -> Result<Providers, ProviderError> {
    Providers::builtin().unwrap().with(name, &text.parse().unwrap())
}

fn oauth2(provider: &Provider) -> &OAuth2 {
    provider.handler(None).unwrap().flow.oauth2().unwrap()
}

#[test]
fn slack_is_as_its_documents_have_it() {
    let providers = Providers::builtin().unwrap();
    let slack = oauth2(providers.find("slack").unwrap());
    assert_eq!(slack.redirect, Redirect::HttpsLocalhost);
    assert_eq!(slack.pkce, Pkce::None);
    assert_eq!(slack.user.as_ref().unwrap().scope_param, "user_scope");
    assert_eq!(
        slack.endpoints(),
        [
            "https://slack.com/api/auth.revoke",
            "https://slack.com/api/oauth.v2.access",
            "https://slack.com/oauth/v2/authorize",
        ]
    );
    assert_eq!(slack.origins(), ["https://slack.com"]);
}

#[test]
fn origins_are_of_all_endpoints() {
    let providers = Providers::builtin().unwrap();
    let google = oauth2(providers.find("google").unwrap());
    assert_eq!(
        google.origins(),
        ["https://accounts.google.com", "https://oauth2.googleapis.com"]
    );
    assert_eq!(google.issuer, Issuer::Known("https://accounts.google.com".to_owned()));
    let github = oauth2(providers.find("github").unwrap());
    assert_eq!(github.origins(), ["https://api.github.com", "https://github.com"]);
    assert!(!github.endpoints().iter().any(|endpoint| endpoint.contains("client_id")));
}

#[test]
fn an_operator_changes_only_what_he_names() {
    let providers = with(
        "Slack",
        r#"
        hosts = ["localhost:8443"]
        oauth2.authorize = "https://localhost:8443/oauth/v2/authorize"
        oauth2.token = "https://localhost:8443/api/oauth.v2.access"
        oauth2.reply.identity = ["/team/id"]
        oauth2.errors = { odd = "invalid_grant" }
        handlers.slack-token.label = "Our token"
        "#,
    )
    .unwrap();
    let builtin = Providers::builtin().unwrap();
    let (slack, before) = (providers.find("slack").unwrap(), builtin.find("slack").unwrap());
    assert_eq!(slack.hosts, ["localhost:8443"]);
    assert_eq!(slack.title, "Slack");
    assert_eq!(slack.placement, before.placement);
    let (after, before) = (oauth2(slack), oauth2(before));
    assert_eq!(
        after.authorize.as_ref().map(url::Url::as_str),
        Some("https://localhost:8443/oauth/v2/authorize")
    );
    assert_eq!(after.reply.token_types, before.reply.token_types);
    assert_eq!(after.reply.identity.len(), 1);
    assert_eq!(after.user, before.user);
    assert_eq!(
        after.errors.len(),
        1,
        "a table of the provider's own words is replaced as a whole"
    );
    let Flow::Token(entry) = &slack.handler(Some("slack-token")).unwrap().flow else {
        panic!("slack-token is typed")
    };
    assert_eq!((entry.label.as_str(), entry.minimum), ("Our token", 20));
    let none = with("google", "oauth2.revoke = { kind = \"none\" }").unwrap();
    assert_eq!(oauth2(none.find("google").unwrap()).revoke, None);
    assert!(matches!(
        oauth2(builtin.find("google").unwrap()).revoke,
        Some(Revoke::Rfc7009 { .. })
    ));
}

#[test]
fn what_an_operator_changes_is_no_longer_the_providers_word() {
    let sure = |providers: &Providers, name: &str| providers.find(name).unwrap().sure;
    let builtin = Providers::builtin().unwrap();
    assert_eq!(sure(&builtin, "slack"), Sure::Vendor);
    for text in ["title = \"Ours\"", "sure = \"vendor\"\nhosts = [\"a.example\"]"] {
        let changed = with("slack", text).unwrap();
        assert_eq!(sure(&changed, "slack"), Sure::Changed, "{text}");
        let twice = changed.with("slack", &"title = \"Theirs\"".parse().unwrap()).unwrap();
        assert_eq!(sure(&twice, "slack"), Sure::Changed);
    }
    let domain = "oauth2.domain_url = \"https://acme.my.salesforce.com\"";
    let own = with("salesforce", domain).unwrap();
    assert_eq!(sure(&own, "salesforce"), sure(&builtin, "salesforce"));
    let both = with("salesforce", &format!("title = \"Ours\"\n{domain}")).unwrap();
    assert_eq!(sure(&both, "salesforce"), Sure::Changed);
}

#[test]
fn scopes_that_are_granted_under_another_name_are_known() {
    let providers = Providers::builtin().unwrap();
    let covers = |name: &str, granted: &str, scope: &str| {
        let implied = &oauth2(providers.find(name).unwrap()).implied_scopes;
        implied.covers(&[granted.to_owned()], scope)
    };
    assert!(covers("github", "repo", "repo:status"));
    assert!(covers("github", "user", "user:email"));
    assert!(covers("github", "admin:org", "read:org"), "over `write:org`");
    assert!(!covers("github", "public_repo", "repo"));
    assert!(covers(
        "google",
        "https://www.googleapis.com/auth/userinfo.email",
        "email"
    ));
    assert!(covers(
        "google",
        "profile",
        "https://www.googleapis.com/auth/userinfo.profile"
    ));
    assert!(!covers("google", "email", "profile"));
    let own = with("github", "oauth2.implies = { repo = [\"public_repo\"] }").unwrap();
    let own = &oauth2(own.find("github").unwrap()).implied_scopes;
    assert!(own.covers(&["repo".to_owned()], "public_repo"));
    assert!(
        !own.covers(&["user".to_owned()], "user:email"),
        "the table is replaced as a whole"
    );
}

#[test]
fn a_provider_of_ones_own_needs_no_code() {
    let providers = with(
        "acme",
        r#"
        hosts = ["api.acme.example"]
        variables = [{ name = "ACME_TOKEN" }, { name = "ACME_URL", field = "instance_url", secrecy = "public" }]
        placement.query = "key"
        handlers.acme-oauth2.flow = "oauth2"
        [oauth2]
        authorize = "https://acme.example/authorize"
        token = "https://acme.example/token"
        iss = "sent"
        issuer = "https://acme.example"
        default_ttl = "2h"
        reply.fields = { instance_url = "/instance/url" }
        "#,
    )
    .unwrap();
    let acme = providers.find("acme").unwrap();
    assert_eq!(acme.title, "acme");
    assert_eq!(acme.sure, Sure::Operator);
    assert_eq!(
        acme.placement,
        Some(crate::provider::Placement::Query("key".to_owned()))
    );
    assert_eq!(oauth2(acme).issuer, Issuer::Sent("https://acme.example".to_owned()));
    assert_eq!(oauth2(acme).pkce, Pkce::S256);
    assert_eq!(acme.handlers[0].variables[1].secrecy, Secrecy::Public);
}

#[test]
fn what_cannot_be_used_is_refused_by_its_key() {
    const ACME: &str = "variables = [{ name = \"T\" }]\nhandlers.acme-token.flow = \"token\"\n";
    for (name, text, says) in [
        ("slack", "host = [\"a.example\"]", "unknown field `host`"),
        ("slack", "hosts = [\"*.slack.com\"]", "never to a pattern"),
        ("slack", "hosts = [\"a.example\", \"a.example\"]", "twice"),
        ("slack", "oauth2.tokn = \"https://a.example\"", "unknown field `tokn`"),
        ("slack", "oauth2.token = \"http://slack.com/x\"", "`oauth2.token`"),
        ("slack", "oauth2.token = \"file:///etc/passwd\"", "`oauth2.token`"),
        (
            "slack",
            "oauth2.authorize_params = { state = \"x\" }",
            "set by the flow itself: `state`",
        ),
        (
            "slack",
            "oauth2.authorize_params = { user_scope = \"x\" }",
            "set by the flow itself",
        ),
        (
            "slack",
            "oauth2.token_params = { grant_type = \"x\" }",
            "set by the flow itself",
        ),
        (
            "slack",
            "oauth2.headers = { Authorization = \"x\" }",
            "`oauth2.headers`",
        ),
        ("slack", "oauth2.scope_separator = \"\"", "`oauth2.scope_separator`"),
        ("slack", "oauth2.reply.access_token = \"access_token\"", "JSON pointer"),
        ("slack", "oauth2.reply.identity = [\"/access_token\"]", "tells nobody"),
        ("slack", "oauth2.errors = { a = \"b\" }", "not an error of RFC 6749"),
        ("slack", "oauth2.iss = \"sent\"", "`oauth2.iss`"),
        ("slack", "oauth2.default_ttl = \"1s\"", "`oauth2.default_ttl`"),
        ("slack", "oauth2.revoke = { kind = \"rfc7009\" }", "`oauth2.revoke.url`"),
        (
            "slack",
            "oauth2.revoke = { kind = \"bearer\", url = \"https://a.example\", auth = \"none\" }",
            "leaves it open",
        ),
        ("slack", "default = \"slack\"", "no such handler: `slack`"),
        ("slack", "variables = []", "fills none"),
        ("slack", "variables = [{ name = \"PATH=x\" }]", "`variables`"),
        ("slack", "variables = [{ name = \"A\" }, { name = \"A\" }]", "twice"),
        (
            "slack",
            "variables = [{ name = \"A\", field = \"instance_url\" }]",
            "no such field",
        ),
        (
            "slack",
            "variables = [{ name = \"A\", secrecy = \"public\" }]",
            "never public",
        ),
        (
            "slack",
            "handlers.slack-token.scopes = \"asked\"",
            "handlers.slack-token.scopes",
        ),
        (
            "slack",
            "handlers.slack-device = { flow = \"device\" }",
            "`oauth2.device`",
        ),
        ("slack", "unsure = [\"oauth2.nothing\"]", "no such key"),
        ("slack", "checked = \"yesterday\"", "`checked`"),
        ("acme", "", "there is none"),
        ("acme", "handlers.acme-oauth2.flow = \"oauth2\"", "no `oauth2`"),
        ("a/b", ACME, "a name has"),
    ] {
        let error = with(name, text).unwrap_err();
        assert!(matches!(error, ProviderError::NotValid { .. }), "{text}: {error}");
        let words = format!("{error} {:?}", error.hints());
        assert!(words.contains(says), "{text}: {words}");
    }
    with("acme", ACME).unwrap();
}

#[test]
fn a_misspelt_name_or_key_gets_the_nearest_one() {
    let providers = Providers::builtin().unwrap();
    assert_eq!(
        providers.find("slak").unwrap_err().hints(),
        ["did you mean `slack`?", "`pocket auth providers` lists all 74"]
    );
    let error = providers
        .find("slack")
        .unwrap()
        .handler(Some("slack-oauth"))
        .unwrap_err();
    let hints = error.hints();
    assert_eq!(hints[0], "did you mean `slack-oauth2`?");
    assert!(hints[1].contains("`slack-oauth2`, `slack-token`"), "{hints:?}");
    let error = with("slack", "host = []").unwrap_err();
    assert_eq!(error.hints(), ["did you mean `hosts`?"]);
    let error = providers.find("a\u{1b}[31m").unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}
