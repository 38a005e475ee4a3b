//! Hostile guests through the library: each ends with its stable code, and the next call is answered as if nothing had been.

mod brokered;
mod components;
mod egress;
mod ends;
mod folders;
mod secrets;

use std::time::Duration;

use pocket_runtime::{CallOptions, Called, Home, Input, Pocket, Settings, ToolEntry};
use pocket_tests::{Embedder, sample};
use serde_json::{Value, json};

/// One guest beside `echo`, in a `Pocket` whose calls take two seconds at most.
struct Hostile {
    _embedder: Embedder,
    pocket: Pocket,
}

impl Hostile {
    async fn new(program: &str) -> Self {
        Self::with(program, |entry| entry, |_settings| {}).await
    }

    /// With what an operator gives it.
    async fn with(
        program: &str,
        give: impl FnOnce(ToolEntry) -> ToolEntry,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let embedder = Embedder::new();
        let mut settings = Settings::standard().expect("the embedded files are valid");
        settings.limits.timeout = Duration::from_secs(2);
        change(&mut settings);
        let pocket = Pocket::builder()
            .home(Home::at(embedder.home()))
            .settings(settings)
            .tool(sample("echo").display().to_string())
            .tool(give(embedder.program(program)))
            .build()
            .await
            .expect("it can be built");
        Self {
            _embedder: embedder,
            pocket,
        }
    }

    /// Calls the guest, then `echo`.
    async fn call(&self, guest: &str, input: Value) -> Called {
        let called = self
            .pocket
            .call(guest, Input::Json(input), CallOptions::default())
            .await
            .expect("the guest is there");
        let after = self
            .pocket
            .invoke("echo", json!({ "after": guest }))
            .await
            .expect("the next call is answered");
        assert_eq!(after.value.into_json(), json!({ "after": guest }));
        called
    }

    /// Calls the guest, which ends well.
    async fn output(&self, guest: &str, input: Value) -> Value {
        let called = self.call(guest, input).await;
        called
            .ended
            .unwrap_or_else(|error| panic!("`{guest}` ends well: {error}"))
            .into_json()
    }
}
