//! Several values that are typed on the page, and tokens that look like none.

use std::{sync::Arc, time::Duration};

use super::{browser::Browser, world::World};
use crate::{
    auth::{Auth, CredentialValue, SignIn},
    base::{code::Code, name::Profile, secret::Secret},
    package::AuthRequirement,
};

const PAIR: &str = r#"
    [handlers.acme-pair]
    flow = "fields"
    help = "Make a pair at Acme."
    fields = [
        { name = "api_key", label = "API key", minimum = 8, secrecy = "public" },
        { name = "api_secret", label = "API secret", help = "It is shown once." },
    ]
    variables = [{ name = "ACME_KEY", field = "api_key" }, { name = "ACME_SECRET", field = "api_secret" }]
"#;

fn pair() -> AuthRequirement {
    let mut need = AuthRequirement::new("acme");
    need.handler = Some("acme-pair".to_owned());
    need
}

async fn begin(auth: &Arc<Auth>) -> SignIn {
    auth.begin(&Profile::default(), &[pair()], &[]).await.unwrap()
}

async fn variables(auth: &Arc<Auth>) -> Vec<(String, CredentialValue)> {
    let credential = auth
        .credential(&Profile::default(), &pair(), Duration::from_secs(30))
        .await;
    credential.unwrap().variables.to_vec()
}

#[tokio::test]
async fn a_key_pair_is_typed_once_and_fills_its_variables() {
    let world = World::with(PAIR).await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    assert!(sign_in.replace_code.is_none(), "there is nothing to replace");
    let browser = Browser::new();
    let page = browser.get(&sign_in.url).await;
    for there in [
        "Make a pair at Acme.",
        "API key",
        "It is shown once.",
        "type=\"text\"",
        "type=\"password\"",
    ] {
        assert!(page.html.contains(there), "{there} is not in {}", page.html);
    }
    let fields = [("field-api_key", "short"), ("field-api_secret", "planted-secret")];
    let wrong = browser.send(&sign_in.url, &page, &fields).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert!(
        wrong.html.contains("`API key`") && !wrong.html.contains("planted"),
        "{wrong:?}"
    );
    let fields = [("field-api_key", "public-key"), ("field-api_secret", "planted-secret")];
    let kept = browser.send(&sign_in.url, &wrong, &fields).await;
    assert_eq!(kept.status, 303, "{kept:?}");
    browser.get(kept.to()).await;
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(
        variables(&auth).await,
        [
            ("ACME_KEY".to_owned(), CredentialValue::Public("public-key".to_owned())),
            (
                "ACME_SECRET".to_owned(),
                CredentialValue::Secret(Secret::new("planted-secret"))
            ),
        ]
    );
}

async fn kept(auth: &Arc<Auth>) {
    let sign_in = begin(auth).await;
    let browser = Browser::new();
    let page = browser.get(&sign_in.url).await;
    let fields = [("field-api_key", "public-key"), ("field-api_secret", "planted-secret")];
    let kept = browser.send(&sign_in.url, &page, &fields).await;
    browser.get(kept.to()).await;
    auth.wait(&sign_in).await.unwrap();
}

#[tokio::test]
async fn good_values_are_replaced_only_with_the_code_of_the_terminal() {
    let world = World::with(PAIR).await;
    let auth = world.process();
    kept(&auth).await;
    let sign_in = begin(&auth).await;
    let code = sign_in.replace_code.clone().unwrap();
    assert_eq!(begin(&auth).await.replace_code, Some(code.clone()), "the same sign-in");
    assert!(
        !serde_json::to_string(&sign_in).unwrap().contains(code.expose()),
        "no model is shown it"
    );
    let browser = Browser::new();
    let mut page = browser.get(&sign_in.url).await;
    let typed = |code| {
        [
            ("field-api_key", "public-key-2"),
            ("field-api_secret", "planted-2"),
            ("code", code),
        ]
    };
    for wrong in ["", "1234567"] {
        page = browser.send(&sign_in.url, &page, &typed(wrong)).await;
        assert_eq!(page.status, 422, "{page:?}");
        assert!(page.html.contains("the code is not the one"), "{page:?}");
    }
    let done = browser.send(&sign_in.url, &page, &typed(code.expose())).await;
    assert_eq!(done.status, 303, "{done:?}");
    browser.get(done.to()).await;
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(
        variables(&auth).await[0].1,
        CredentialValue::Public("public-key-2".to_owned())
    );
}

#[tokio::test]
async fn a_code_that_is_wrong_too_often_ends_the_sign_in() {
    let world = World::with(PAIR).await;
    let auth = world.process();
    kept(&auth).await;
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let mut page = browser.get(&sign_in.url).await;
    for tried in 1..=5 {
        let fields = [
            ("field-api_key", "public-key-2"),
            ("field-api_secret", "planted-2"),
            ("code", "x"),
        ];
        let answer = browser.send(&sign_in.url, &page, &fields).await;
        assert_eq!(answer.html.contains("too often"), tried == 5, "{tried}: {answer:?}");
        if tried < 5 {
            page = answer;
        }
    }
    let error = auth.wait(&sign_in).await.unwrap_err();
    assert_eq!(error.code(), Code::SignInRequired, "{error}");
    assert_eq!(browser.get(&sign_in.url).await.status, 410);
    assert_eq!(
        variables(&auth).await[0].1,
        CredentialValue::Public("public-key".to_owned())
    );
}

#[tokio::test]
async fn a_token_that_begins_like_none_of_the_provider_is_kept_when_the_user_says_so() {
    let world = World::with("token_prefixes = [\"acme-\"]").await;
    let auth = world.process();
    let sign_in = auth
        .begin(&Profile::default(), &[super::world::typed()], &[])
        .await
        .unwrap();
    let browser = Browser::new();
    let page = browser.get(&sign_in.url).await;
    assert!(!page.html.contains("anyway"), "{page:?}");
    let asked = browser
        .send(&sign_in.url, &page, &[("field-token", "planted-token")])
        .await;
    assert_eq!(asked.status, 422, "{asked:?}");
    assert!(
        asked.html.contains("acme-") && asked.html.contains("name=\"anyway\""),
        "{asked:?}"
    );
    assert!(!asked.html.contains("planted"), "{asked:?}");
    let fields = [("field-token", "planted-token"), ("anyway", "yes")];
    let kept = browser.send(&sign_in.url, &asked, &fields).await;
    assert_eq!(kept.status, 303, "{kept:?}");
    browser.get(kept.to()).await;
    auth.wait(&sign_in).await.unwrap();
}
