//! Many users of one program that embeds the library.

use std::{sync::Arc, time::Duration};

use pocket_runtime::{Call, Clock, FunctionError, FunctionTool, ManualClock, Pocket, SystemClock};
use serde_json::{Value, json};

use crate::{Browser, Embedder, Generous, free_port};

/// Many users of one program, and a provider that gives a token to each.
pub struct Crowd {
    /// The provider.
    pub provider: Generous,
    /// The library.
    pub pocket: Pocket,
    /// The program's clock.
    pub clock: Arc<ManualClock>,
    _embedder: Embedder,
}

impl Crowd {
    /// Nobody signed in yet. The tools are `token`, which gives how long the token is that it was given, and `nothing`, which
    /// needs none.
    pub async fn new() -> Self {
        Self::with_settings("").await
    }

    /// The same with more in `pocket.toml`.
    pub async fn with_settings(more: &str) -> Self {
        let provider = Generous::start().await;
        let embedder = Embedder::new();
        let port = free_port();
        embedder.write(
            "pocket.toml",
            &format!("{}\n[callback]\nport = {port}\n\n{more}", provider.provider()),
        );
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let token = FunctionTool::new("token", "Needs a token.", |_args: Value, call: Call| async move {
            let token = call.credential("GENEROUS_TOKEN")?.expose().len();
            Ok::<_, FunctionError>(json!(token))
        });
        let nothing = FunctionTool::new("nothing", "Needs nothing.", |_args: Value, _call: Call| async move {
            Ok::<_, FunctionError>(json!(0))
        });
        let pocket = embedder
            .builder()
            .clock(Arc::clone(&clock) as _)
            .function(token.auth_provider("generous").scopes(["read"]))
            .function(nothing)
            .build()
            .await
            .expect("it can be built");
        Self {
            provider,
            pocket,
            clock,
            _embedder: embedder,
        }
    }

    /// Signs one user in, from the first page to the last.
    pub async fn sign_in(&self, name: &str) {
        let of = self.pocket.for_profile(name);
        let sign_ins = of.initialize_tool_auth().await.expect("a sign-in begins");
        let mut browser = Browser::new();
        let page = browser.open(&sign_ins[0].url).await;
        assert!(page.status.is_success(), "{}", page.body);
        let done = browser.submit(&page, &[]).await;
        assert!(done.status.is_success(), "{} {}", done.url, done.body);
        of.wait_sign_in(&sign_ins[0]).await.expect("the sign-in is done");
    }

    /// Calls the tool that needs a token.
    pub async fn call(&self, name: &str) {
        let ended = self.pocket.for_profile(name).invoke("token", json!({})).await;
        ended.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Every access token is over.
    pub fn later(&self) {
        self.clock.advance(Duration::from_secs(3_600));
    }
}
