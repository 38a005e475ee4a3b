//! Refusals that other providers word in their own way, by the number of the fault.

use super::{Case, FlowError, TestServer, at, exchanged, oauth2_with, refreshed};
use crate::package::TokenKind;

/// What a provider whose file translates errors answers to a refresh.
async fn refreshed_where(translated: &str, status: u16, body: &str) -> FlowError {
    let server = TestServer::start(status, &[], body).await;
    let over = format!("oauth2.token = \"{}\"\n{translated}", server.url("/token"));
    let case = Case::of("google", oauth2_with("google", &over), TokenKind::Bot);
    case.refresh().await.unwrap_err()
}

#[tokio::test]
async fn f_41_a_client_that_is_refused_is_a_matter_of_settings_whatever_the_status() {
    for status in [400, 401, 403] {
        let refused = refreshed("google", TokenKind::Bot, status, r#"{"error":"invalid_client"}"#).await;
        assert_eq!(
            refused.unwrap_err(),
            FlowError::Configuration("`invalid_client`".to_owned())
        );
    }
}

#[tokio::test]
async fn f_42_a_provider_whose_unauthorized_client_means_an_end_of_the_grant_says_so_in_its_file() {
    let body = r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#;
    let words = "`unauthorized_client`: refresh_token is invalid".to_owned();
    let translated = "oauth2.errors = { unauthorized_client = \"invalid_grant\" }";
    assert_eq!(
        refreshed_where(translated, 403, body).await,
        FlowError::InvalidGrant(words.clone())
    );
    assert_eq!(refreshed_where("", 403, body).await, FlowError::Configuration(words));
}

#[tokio::test]
async fn f_43_an_error_that_is_a_number_in_an_object_is_translated_too() {
    let body = r#"{"error":{"message":"Error validating access token","type":"OAuthException","code":190}}"#;
    let translated = "oauth2.errors = { 190 = \"invalid_grant\" }";
    for status in [200, 400] {
        assert_eq!(
            refreshed_where(translated, status, body).await,
            FlowError::InvalidGrant("`190`: Error validating access token".to_owned())
        );
    }
}

#[tokio::test]
async fn f_44_a_code_that_is_refused_in_the_words_of_one_server_alone_ends_that_exchange() {
    let (outcome, sent) = exchanged("google", TokenKind::Bot, 403, r#"{"error":"invalid_code"}"#).await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, FlowError::InvalidGrant(_) | FlowError::Protocol(_)),
        "{error:?}"
    );
    assert_eq!(sent.len(), 1, "a code is sent once");
}

#[tokio::test]
async fn f_48_a_server_that_cannot_revoke_now_is_told_of_and_one_that_knows_no_such_token_is_done() {
    for (status, expected) in [(200, true), (503, false)] {
        let server = TestServer::start(status, &[], "").await;
        let over = format!(
            "oauth2.revoke = {{ kind = \"rfc7009\", url = \"{}\", auth = \"post\" }}",
            server.url("/revoke")
        );
        let outcome = Case::of("google", oauth2_with("google", &over), TokenKind::Bot)
            .revoke()
            .await;
        assert_eq!(matches!(outcome, Ok(true)), expected, "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn f_49_a_redirected_refresh_sends_its_secrets_nowhere_else() {
    let target = TestServer::start(200, &[], r#"{"access_token":"t"}"#).await;
    let location: &'static str = Box::leak(target.url("/elsewhere").into_boxed_str());
    for status in [302, 307] {
        let server = TestServer::start(status, &[("location", location)], "").await;
        let refused = Case::of("google", at("google", &server), TokenKind::Bot)
            .refresh()
            .await;
        assert!(matches!(refused, Err(FlowError::Unreachable { .. })), "{refused:?}");
    }
    assert!(target.sent().is_empty());
}
