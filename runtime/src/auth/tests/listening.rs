//! The port: whose it is, what it speaks, and when it is free again.

use std::{net::TcpListener, sync::Arc, time::Duration};

use super::{
    browser::Browser,
    world::{World, begin, given},
};
use crate::{
    auth::{AuthError, MemoryStore},
    base::{code::Code, name::Profile},
    package::AuthRequirement,
};

#[tokio::test]
async fn f_28_a_port_that_somebody_else_has_is_an_error_and_no_sign_in_begins() {
    let world = World::new().await;
    let _foreign = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    let auth = world.process();
    let error = auth
        .begin(&Profile::default(), &[super::world::need()], &[])
        .await
        .unwrap_err();
    assert!(
        matches!(error, AuthError::PortTaken { port } if port == world.port),
        "{error}"
    );
    assert_eq!(error.code(), Code::Busy);
    assert!(!error.hints().is_empty());
}

#[tokio::test]
async fn a_port_that_somebody_else_has_on_the_other_address_is_taken_too() {
    let world = World::new().await;
    let Ok(_foreign) = TcpListener::bind(("::1", world.port)) else {
        return; // This machine has no IPv6.
    };
    let auth = world.process();
    let error = auth
        .begin(&Profile::default(), &[super::world::need()], &[])
        .await
        .unwrap_err();
    assert!(matches!(error, AuthError::PortTaken { .. }), "{error}");
}

#[tokio::test]
async fn f_28_a_provider_that_takes_any_port_gets_a_free_one_where_ours_is_taken() {
    let world = World::with("oauth2.redirect = \"loopback-any-port\"").await;
    let foreign = TcpListener::bind(("127.0.0.1", world.port)).unwrap();
    let auth = world.process();
    let sign_in = begin(&auth).await;
    assert!(!sign_in.url.contains(&format!(":{}/", world.port)), "{sign_in:?}");
    Browser::new().sign_in(&sign_in.url).await;
    auth.wait(&sign_in).await.unwrap();
    drop(foreign);
}

#[tokio::test]
async fn who_waits_is_not_told_before_the_last_page_was_sent() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    let done = browser.get(&callback).await.to().to_owned();
    let waiting = auth.wait(&sign_in);
    tokio::pin!(waiting);
    let page = auth
        .door
        .done(
            done.rsplit('/').next().unwrap_or_default(),
            &axum::http::HeaderMap::new(),
        )
        .await;
    let soon = tokio::time::timeout(Duration::from_millis(500), &mut waiting).await;
    assert!(soon.is_err(), "the page is still on its way");
    drop(page);
    waiting.await.unwrap();
}

#[tokio::test]
async fn f_31_a_process_completes_what_another_of_its_store_began_and_is_followed_when_it_ends() {
    let world = World::new().await;
    let (owner, other) = (world.process(), world.process());
    let first = begin(&owner).await;
    let bob = Profile::new("bob");
    let second = other.begin(&bob, &[super::world::need()], &[]).await.unwrap();
    let (_last, waited) = tokio::join!(async { Browser::new().sign_in(&second.url).await }, other.wait(&second));
    waited.unwrap();

    let third = other
        .begin(&Profile::new("carol"), &[super::world::need()], &[])
        .await
        .unwrap();
    drop(owner);
    let browser = Browser::new();
    browser.sign_in(&third.url).await;
    other.wait(&third).await.unwrap();
    browser.sign_in(&first.url).await;
    other.wait(&first).await.unwrap();
    assert_eq!(
        given(&other).await,
        "planted-access-3",
        "the one whose process ended is completed as well"
    );
}

#[tokio::test]
async fn a_process_of_another_store_is_somebody_else() {
    let world = World::new().await;
    let owner = world.process();
    begin(&owner).await;
    let other = world.process_on(Arc::new(MemoryStore::new()));
    let error = other
        .begin(&Profile::default(), &[super::world::need()], &[])
        .await
        .unwrap_err();
    assert!(matches!(error, AuthError::PortTaken { .. }), "{error}");
}

#[tokio::test]
async fn http_and_https_are_served_on_one_port() {
    let world = World::with("oauth2.redirect = \"https-localhost\"").await;
    let auth = world.process();
    let secure = begin(&auth).await;
    assert!(
        secure
            .url
            .starts_with(&format!("https://localhost:{}/sign-in/", world.port)),
        "{secure:?}"
    );
    assert_eq!(secure.fingerprint.as_ref().unwrap().len(), 95);
    let typed = auth
        .begin(&Profile::default(), &[super::world::typed()], &[])
        .await
        .unwrap();
    assert_eq!(typed.fingerprint, None);

    let file = crate::Home::at(world.folder.path()).data().join("tls/localhost.pem");
    let browser = Browser::accepting(&std::fs::read_to_string(file).unwrap());
    assert_eq!(browser.get(&typed.url).await.status, 200);
    let plain = browser
        .get(&secure.url.replace("https://localhost", "http://127.0.0.1"))
        .await;
    assert_eq!(plain.to(), secure.url, "the page is where its cookie will come back to");

    let page = browser.get(&secure.url).await;
    let sent = browser.send(&secure.url, &page, &[]).await;
    let cookie = sent.cookie.clone().unwrap();
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
    let (last, waited) = tokio::join!(browser.sign_in(&secure.url), auth.wait(&secure));
    waited.unwrap();
    assert!(last.html.contains("Signed in"), "{last:?}");
}

#[tokio::test]
async fn the_port_is_free_again_when_the_last_auth_is_gone() {
    let world = World::new().await;
    let auth = world.process();
    begin(&auth).await;
    drop(auth);
    let freed = async {
        while TcpListener::bind(("127.0.0.1", world.port)).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), freed).await.unwrap();
}

#[tokio::test]
async fn silent_and_broken_connections_do_not_keep_others_out() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let silent: Vec<_> = (0..20)
        .map(|_| std::net::TcpStream::connect(("127.0.0.1", world.port)).unwrap())
        .collect();
    for bytes in [b"\x16\x03\x01".as_slice(), b"\0\0\0\0", b"GET / HTTP/9\r\n\r\n", b"GET"] {
        let mut broken = std::net::TcpStream::connect(("127.0.0.1", world.port)).unwrap();
        std::io::Write::write_all(&mut broken, bytes).unwrap();
    }
    assert_eq!(Browser::new().get(&sign_in.url).await.status, 200);
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_27_connections_that_say_nothing_or_half_of_it_keep_nobody_out() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let half = format!(
        "POST /sign-in/x HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: 100\r\n\r\nform=",
        world.port
    );
    let mut open = Vec::new();
    for number in 0..200 {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", world.port)).unwrap();
        if number % 2 == 0 {
            // One that was let go already is as good.
            let _ = std::io::Write::write_all(&mut stream, half.as_bytes());
        }
        open.push(stream);
    }
    // Waiting until each had its time would take twice as long.
    let shown = tokio::time::timeout(Duration::from_secs(20), Browser::new().get(&sign_in.url)).await;
    assert_eq!(shown.unwrap().status, 200);
    drop(open);
}

#[tokio::test]
async fn the_real_slack_file_asks_for_an_https_page() {
    let world = World::new().await;
    let mut settings = world.settings();
    settings.clients.insert(
        "slack".to_owned(),
        crate::auth::Client::new("1.2", Some(crate::Secret::new("planted-client-secret"))),
    );
    let auth = crate::auth::Auth::new(world.parts(settings, world.store.clone()));
    let mut need = AuthRequirement::new("slack");
    need.scopes = vec!["channels:history".to_owned()];
    let sign_in = auth.begin(&Profile::default(), &[need], &[]).await.unwrap();
    assert!(sign_in.url.starts_with("https://localhost:"), "{sign_in:?}");
    let url = auth.provider_url(&sign_in).await.unwrap();
    assert!(url.starts_with("https://slack.com/oauth/v2/authorize?"), "{url}");
    let redirect = format!(
        "redirect_uri=https%3A%2F%2Flocalhost%3A{}%2Fauth%2Fslack%2Fcallback",
        world.port
    );
    assert!(url.contains(&redirect), "{url}");
}
