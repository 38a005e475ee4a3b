//! What only the store on a Redis server has to do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::RedisStore;
use crate::{
    auth::{
        FlowStore as _, StoreError, TokenStore as _,
        store::{
            TlsFault,
            conformance::account,
            servers::{Redis, RedisPlace, another_root, open_redis, open_redis_trusting, trusting},
        },
    },
    base::{
        clock::UnixTime,
        code::Code,
        key::{KeyPlace, KeySource},
        secret::Secret,
    },
};

const OTHER: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_forget_keeps_sign_ins_and_no_accounts() {
    let lacking: [&[&str]; 4] = [
        &[],
        &["--appendonly", "yes"],
        &[
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--maxmemory-policy",
            "allkeys-lru",
        ],
        &[
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--rename-command",
            "CONFIG",
            "",
        ],
    ];
    for (settings, why) in lacking
        .into_iter()
        .zip(["appendonly", "appendfsync", "maxmemory-policy", "does not tell"])
    {
        let Some(server) = Redis::start_with(settings) else {
            return;
        };
        let home = tempfile::tempdir().unwrap();
        let url = server.url("0").parse().unwrap();
        let error = open_redis(&url, home.path(), &KeySource::Home)
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, StoreError::Forgetful { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.code(), Code::NotValid);
        assert!(error.hints().iter().any(|hint| hint.contains("sign_ins_url")));
        let store = RedisStore::open_for_sign_ins(&url, &trusting(None)).await.unwrap();
        store.insert(&[1; 16], b"flow", UnixTime(2_000_000_000)).await.unwrap();
        assert_eq!(store.take(&[1; 16]).await.unwrap().unwrap(), b"flow");
        let error = store.save(&account("a"), b"one", 0, None).await.unwrap_err();
        assert!(matches!(error, StoreError::Forgetful { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_without_a_word_has_all_that_it_kept() {
    let Some(mut server) = Redis::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let open = async |server: &Redis| {
        let opened = open_redis(&server.url("0").parse().unwrap(), home.path(), &KeySource::Home).await;
        opened.unwrap().0
    };
    let store = open(&server).await;
    let lease = store
        .lease(&account("a"), std::time::Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    store.save(&account("a"), b"one", 0, Some(&lease)).await.unwrap();
    server.restart();
    let store = open(&server).await;
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, b"one");
    store.save(&account("a"), b"two", 1, Some(&lease)).await.unwrap();
    drop(server);
    let error = store.load(&account("a")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unreachable, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_anew() {
    let Some(place) = RedisPlace::new() else { return };
    // Of its own: the others' connections are not cut.
    let Some(server) = Redis::start() else { return };
    let url = server.url("0").parse().unwrap();
    let store = open_redis(&url, place.home.path(), &KeySource::Home).await.unwrap().0;
    for round in 0..4_u8 {
        store
            .save(&account("a"), &[round], u64::from(round), None)
            .await
            .unwrap();
        server.cli("0", &["CLIENT", "KILL", "TYPE", "normal"]);
    }
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_without_any() {
    let Some(server) = Redis::start() else { return };
    server.cli("0", &["CONFIG", "SET", "requirepass", "right"]);
    let home = tempfile::tempdir().unwrap();
    let url = server.url("0").replace("?db=0", "?db=0&pass=planted-password");
    let opened = open_redis(&url.parse().unwrap(), home.path(), &KeySource::Home).await;
    let error = opened.map(drop).unwrap_err();
    let text = format!("{error:?} {error} {:?}", error.hints());
    assert!(matches!(error, StoreError::Server { .. }), "{text}");
    assert!(!text.contains("planted"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_a_lost_key_a_newer_or_a_foreign_store_is_refused() {
    let Some(place) = RedisPlace::new() else { return };
    place.open().await.save(&account("a"), b"one", 0, None).await.unwrap();
    let wrong = place.try_open(&KeySource::Given(Secret::new(OTHER))).await;
    let error = wrong.map(drop).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::WrongKey {
                place: KeyPlace::Home(_),
                ..
            }
        ),
        "{error:?}"
    );

    let set = |words: &[&str]| place.server.cli(&place.database, words);
    set(&["HSET", "pocket:store", "format", "3"]);
    let error = place.try_open(&KeySource::Home).await.map(drop).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerFormat { found: 3, known: 2, .. }),
        "{error:?}"
    );
    // As a Pocket of before left it: a shared account has no owner.
    set(&["HSET", "pocket:store", "format", "1"]);
    let key = set(&["KEYS", "pocket:account:*"]);
    set(&["HDEL", key.trim(), "account_owner"]);
    let store = place.open().await;
    assert_eq!(store.list().await.unwrap()[0].0, account("a"));
    assert_eq!(set(&["HGET", "pocket:store", "format"]).trim(), "2");

    let file = place.home.path().join("store.key");
    let key = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = place.try_open(&KeySource::Home).await.map(drop).unwrap_err();
    assert!(matches!(&error, StoreError::KeyLost { .. }), "{error:?}");
    assert!(!file.exists());
    crate::base::files::write_atomic(&file, &key, crate::base::files::FileMode::Private).unwrap();
    let store = place.open().await;
    assert!(store.load(&account("a")).await.unwrap().is_some());

    set(&["DEL", "pocket:accounts"]);
    set(&["SET", "pocket:accounts", "theirs"]);
    let error = store.list().await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_holds_with_a_root_that_is_trusted_and_the_name_of_the_certificate_alone() {
    let Some(place) = RedisPlace::new() else { return };
    let other = another_root();
    let open = async |name: &str, root: Option<&str>| {
        let url = place.server.url_with_tls(&place.database, name);
        open_redis_trusting(&url.parse().unwrap(), place.home.path(), root).await
    };
    let store = open("localhost", Some(place.server.root())).await.unwrap();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    assert_eq!(
        place.open().await.load(&account("a")).await.unwrap().unwrap().sealed,
        b"one"
    );
    for (name, root, fault, hint) in [
        ("localhost", None, TlsFault::Untrusted, "ca_file"),
        ("localhost", Some(other.as_str()), TlsFault::Untrusted, "ca_file"),
        (
            "127.0.0.1",
            Some(place.server.root()),
            TlsFault::OtherName,
            "as its certificate does",
        ),
    ] {
        let error = open(name, root).await.map(drop).unwrap_err();
        assert!(
            matches!(&error, StoreError::Tls { fault: told, .. } if *told == fault),
            "{error:?}"
        );
        assert_eq!(error.code(), Code::Unreachable);
        assert!(error.hints().join(" ").contains(hint), "{:?}", error.hints());
    }
    let unchecked = format!("{}#insecure", place.server.url_with_tls(&place.database, "localhost"));
    let error = open_redis_trusting(&unchecked.parse().unwrap(), place.home.path(), None).await;
    let error = error.map(drop).unwrap_err();
    assert!(error.to_string().contains("always checked"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_the_url_asks_for_it() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let Some(_plain) = Redis::start_with(&["--port", &port.to_string()]) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let url = format!("rediss://:planted@localhost:{port}/0");
    let error = open_redis_trusting(&url.parse().unwrap(), home.path(), None).await;
    let error = error.map(drop).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::Tls {
                fault: TlsFault::NotOffered,
                ..
            }
        ),
        "{error:?}"
    );
    let text = format!("{error:?} {error} {:?}", error.hints());
    assert!(text.contains("`redis://`") && !text.contains("planted"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_with_settings_that_forget_keeps_no_more_accounts() {
    let Some(server) = Redis::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let url = server.url("0").parse().unwrap();
    let store = open_redis(&url, home.path(), &KeySource::Home).await.unwrap().0;
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    server.cli("0", &["CONFIG", "SET", "appendfsync", "everysec"]);
    server.cli("0", &["CLIENT", "KILL", "TYPE", "normal"]);
    let error = store.save(&account("a"), b"two", 1, None).await.unwrap_err();
    assert!(matches!(error, StoreError::Forgetful { .. }), "{error:?}");
    assert!(error.to_string().contains("appendfsync"), "{error}");
    server.cli("0", &["CONFIG", "SET", "appendfsync", "always"]);
    store.save(&account("a"), b"two", 1, None).await.unwrap();
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, b"two");
}
