//! No secret is seen: in logs, in errors, in pages, in what is given out.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{
    browser::Browser,
    provider::Fault,
    world::{World, begin, credential, need, typed},
};
use crate::{auth::RevocationStore as _, base::name::Profile};

/// Keeps every word of every log line, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

#[tokio::test]
async fn f_60_no_secret_is_in_a_log_an_error_or_a_page() {
    let log = Log::default();
    // With one dispatcher alone, a test on another thread could decide that a line is of interest to nobody.
    let _second = tracing::Dispatch::new(Log::default());
    let _logging = tracing::subscriber::set_default(log.clone());
    let mut world = World::new().await;
    world.file = format!("oauth2.device = \"{}/device\"", world.provider.url());
    let auth = world.process();
    let mut seen = String::new();
    let mut see = |what: &dyn std::fmt::Debug| writeln!(seen, "{what:?}").unwrap();

    let sign_in = begin(&auth).await;
    see(&sign_in);
    let browser = Browser::new();
    let page = browser.get(&sign_in.url).await;
    see(&page.html);
    let callback = browser.until_callback(&sign_in.url).await;
    let state = callback.split_once("state=").unwrap().1.to_owned();
    world.provider.fail([Fault::Status(
        400,
        "{\"error\":\"invalid_grant\",\"error_description\":\"planted-code-1\"}",
    )]);
    let answered = browser.get(&callback).await;
    see(&answered.to);
    see(&browser.get(answered.to()).await.html);
    see(&auth.wait(&sign_in).await);
    see(&auth.paste(&sign_in, &callback).await);

    let auth = world.signed_in().await;
    let given = credential(&auth).await.unwrap();
    see(&given);
    world.later(3_600);
    world.provider.fail([
        Fault::Status(200, "planted-access"),
        Fault::Status(503, "planted-access"),
    ]);
    see(&credential(&auth).await);
    see(&auth.rejected(&given).await);
    see(&auth.accounts(None).await);
    let sign_in = auth.begin(&Profile::default(), &[typed()], &[]).await.unwrap();
    let page = browser.get(&sign_in.url).await;
    let wrong = browser
        .send(&sign_in.url, &page, &[("field-token", "planted secret with spaces")])
        .await;
    see(&wrong.html);
    browser
        .send(&sign_in.url, &wrong, &[("field-token", "planted-typed-1")])
        .await;
    see(&auth.wait(&sign_in).await);
    let sign_in = auth.begin_on_device(&Profile::default(), &[need()], &[]).await.unwrap();
    see(&sign_in);
    world.provider.fail([
        Fault::Status(502, "planted-device-code"),
        Fault::Status(
            400,
            "{\"error\":\"planted-device-code\",\"error_description\":\"planted-device-code\"}",
        ),
    ]);
    world.later(5);
    let waiting = async {
        while world.provider.requests().last().is_some_and(|kind| kind == "device") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world.later(60);
    };
    let ((), waited) = tokio::join!(waiting, auth.wait(&sign_in));
    see(&waited);
    world.provider.stop_revoking();
    see(&auth
        .sign_out(&Profile::default(), "acme", None, &super::world::SHARED)
        .await);
    world.later(61);
    see(&auth.revoke_owed().await);
    let owed = auth.owed(None).await.unwrap();
    assert_eq!(owed.len(), 1, "{owed:?}");
    see(&owed);
    see(&serde_json::to_string(&owed).unwrap());
    for (_id, sealed) in world.store.owed().await.unwrap() {
        see(&String::from_utf8_lossy(&sealed));
    }
    world.provider.refuse_revocations();
    world.later(121);
    see(&auth.revoke_owed().await);
    see(&auth.owed(None).await);
    see(&auth);
    tokio::time::sleep(Duration::ZERO).await;

    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("a sign-in was begun"), "the log is read: {logged}");
    for secret in ["planted", state.as_str()] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
        for line in logged.lines() {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
    }
}
