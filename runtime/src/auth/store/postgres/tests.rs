//! What only the store on a PostgreSQL server has to do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::{
    auth::{
        AccountId, FlowStore as _, RevocationStore as _, StoreError, TokenStore as _,
        store::{
            TlsFault, Vault,
            conformance::account,
            servers::{Postgres, PostgresPlace, another_root, open_postgres, open_postgres_trusting},
        },
    },
    base::{
        clock::UnixTime,
        code::Code,
        key::{KeyPlace, KeySource},
        secret::Secret,
    },
    package::AccountOwner,
};

const OTHER: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_anew_and_what_was_kept_is_there() {
    let Some(place) = PostgresPlace::new() else { return };
    let store = place.open().await;
    for round in 0..6 {
        store
            .save(&account("a"), &[round], u64::from(round), None)
            .await
            .unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
                   AND pid <> pg_backend_pid()";
        place.server.psql(&place.database, end).unwrap();
    }
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, [5]);
    store.insert(&[1; 16], b"flow", UnixTime(2_000_000_000)).await.unwrap();
    assert_eq!(store.take(&[1; 16]).await.unwrap().unwrap(), b"flow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_has_all_that_it_kept_and_is_an_error_meanwhile() {
    let Some(mut server) = Postgres::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let url = server.url_with_password(&server.database(), "pocket", "planted-password");
    server
        .psql(
            "postgres",
            "CREATE ROLE pocket SUPERUSER LOGIN PASSWORD 'planted-password'",
        )
        .unwrap();
    let (store, _key) = open_postgres(&url.parse().unwrap(), home.path(), &KeySource::Home)
        .await
        .unwrap();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    server.restart();
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, b"one");
    drop(server);
    let error = store.load(&account("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Server { .. }), "{error:?}");
    assert_eq!(error.code(), Code::Unreachable);
    assert!(!format!("{error:?} {error} {store:?}").contains("planted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_without_any() {
    let Some(place) = PostgresPlace::new() else { return };
    place
        .server
        .psql("postgres", "CREATE ROLE alice LOGIN PASSWORD 'right'")
        .unwrap();
    let url = place
        .server
        .url_with_password(&place.database, "alice", "planted-password");
    let opened = open_postgres(&url.parse().unwrap(), place.home.path(), &KeySource::Home).await;
    let error = opened.map(drop).unwrap_err();
    let text = format!("{error:?} {error} {:?}", error.hints());
    assert!(text.contains("password authentication failed"), "{text}");
    assert!(!text.contains("planted"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_refused_and_a_lost_one_is_not_made_anew() {
    let Some(place) = PostgresPlace::new() else { return };
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
    let file = place.home.path().join("store.key");
    let key = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = place.try_open(&KeySource::Home).await.map(drop).unwrap_err();
    assert!(matches!(&error, StoreError::KeyLost { .. }), "{error:?}");
    assert!(error.to_string().contains("store.key"), "{error}");
    assert!(!file.exists());
    crate::base::files::write_atomic(&file, &key, crate::base::files::FileMode::Private).unwrap();
    assert!(place.open().await.load(&account("a")).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_make_the_store_at_once_agree_on_it() {
    let Some(place) = PostgresPlace::new() else { return };
    let opened = futures_util::future::join_all((0..8).map(|_| place.try_open(&KeySource::Home))).await;
    let keys: Vec<[u8; 32]> = opened.into_iter().map(|opened| *opened.unwrap().1.expose()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_damaged_or_read_only_store_is_told_and_left_as_it_is() {
    let Some(place) = PostgresPlace::new() else { return };
    let store = place.open().await;
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    let run = |statement: &str| place.server.psql(&place.database, statement).unwrap();
    run("UPDATE pocket_store SET format = 3");
    let error = place.try_open(&KeySource::Home).await.map(drop).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerFormat { found: 3, known: 2, .. }),
        "{error:?}"
    );
    run("UPDATE pocket_store SET format = 2");

    run("ALTER TABLE pocket_accounts RENAME COLUMN sealed TO other");
    let error = store.load(&account("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    run("ALTER TABLE pocket_accounts RENAME COLUMN other TO sealed");

    run(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        place.database
    ));
    let read_only = place.open().await;
    assert_eq!(read_only.load(&account("a")).await.unwrap().unwrap().sealed, b"one");
    let error = read_only.save(&account("a"), b"two", 1, None).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().version, 1);

    run("BEGIN READ WRITE; DELETE FROM pocket_store; COMMIT");
    let error = store.load(&account("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_before_opens_with_all_that_was_in_it_and_takes_what_is_new() {
    let Some(place) = PostgresPlace::new() else { return };
    let (store, key) = place.try_open(&KeySource::Home).await.unwrap();
    let vault = Vault::new(key);
    let sealed = vault.seal_account(&account("a"), 1, b"one");
    store.save(&account("a"), &sealed, 0, None).await.unwrap();
    drop(store);
    let as_before = "DROP TABLE pocket_revocations; ALTER TABLE pocket_accounts DROP COLUMN owner;
                     UPDATE pocket_store SET format = 1";
    place.server.psql(&place.database, as_before).unwrap();

    let opened = futures_util::future::join_all((0..4).map(|_| place.try_open(&KeySource::Home))).await;
    for opened in opened {
        let store = opened.unwrap().0;
        let record = store.load(&account("a")).await.unwrap().unwrap();
        let plain = vault.open_account(&account("a"), 1, &record.sealed).unwrap();
        assert_eq!(plain.as_slice(), b"one");
    }
    let store = place.open().await;
    let own = AccountId {
        owner: AccountOwner::in_program("p", "t".parse().unwrap()),
        ..account("a")
    };
    store.save(&own, b"own", 0, None).await.unwrap();
    store.owe(&[2; 16], b"owed").await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_only_sealed_bytes() {
    let Some(place) = PostgresPlace::new() else { return };
    let (store, key) = place.try_open(&KeySource::Home).await.unwrap();
    let vault = Vault::new(key.clone());
    let sealed = vault.seal_account(&account("a"), 1, b"planted-token");
    store.save(&account("a"), &sealed, 0, None).await.unwrap();
    let all = "SELECT encode(sealed, 'escape'), encode(sealed, 'hex') FROM pocket_accounts";
    let rows = place.server.psql(&place.database, all).unwrap();
    assert!(
        rows.contains(&hex::encode(&sealed)) && !rows.contains("planted"),
        "{rows}"
    );
    let record = place
        .server
        .psql(&place.database, "SELECT * FROM pocket_store")
        .unwrap();
    assert!(!record.contains(&hex::encode(key.expose())) && !record.contains(key.to_text().trim()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_holds_with_a_root_that_is_trusted_and_the_name_of_the_certificate_alone() {
    let Some(place) = PostgresPlace::new() else { return };
    let other = another_root();
    let open = async |name: &str, mode: &str, root: Option<&str>| {
        let url = place.server.url_with_tls(&place.database, name, mode);
        open_postgres_trusting(&url.parse().unwrap(), place.home.path(), root).await
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        let store = open("localhost", mode, Some(place.server.root())).await.unwrap();
        let speaks =
            "SELECT bool_or(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = current_database()";
        assert_eq!(place.server.psql(&place.database, speaks).unwrap(), "t", "{mode}");
        drop(store);
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
            let error = open(name, mode, root).await.map(drop).unwrap_err();
            assert!(
                matches!(&error, StoreError::Tls { fault: told, .. } if *told == fault),
                "{error:?}"
            );
            assert_eq!(error.code(), Code::Unreachable);
            assert!(error.hints().join(" ").contains(hint), "{:?}", error.hints());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_the_url_asks_for_it() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _peer)) = listener.accept().await {
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).await.unwrap();
            stream.write_all(b"N").await.unwrap();
            let mut more = Vec::new();
            stream.read_to_end(&mut more).await.unwrap();
            assert!(more.is_empty(), "nothing is said in the clear");
        }
    });
    let home = tempfile::tempdir().unwrap();
    let url = format!("postgres://planted:planted@localhost:{port}/x?sslmode=require");
    let error = open_postgres_trusting(&url.parse().unwrap(), home.path(), None).await;
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
    assert!(text.contains("sslmode=disable") && !text.contains("planted"), "{text}");
}
