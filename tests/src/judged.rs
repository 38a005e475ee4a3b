//! A program that embeds the library, with a clock of its own and a proxy of faults before the OAuth server of the tests.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pocket_runtime::{
    Call, Clock, Error, FunctionError, FunctionTool, ManualClock, Output, Pocket, SignIn, SystemClock,
};
use serde_json::{Value, json};

use crate::{Browser, Embedder, FaultProxy, OAuthServer, Page, free_port};

/// How long the server's access tokens live.
const LIFE: u64 = 3_600;

/// A program that embeds the library, and a user who signed in to the OAuth server of the tests.
pub struct Judged {
    /// The server.
    pub server: OAuthServer,
    /// What stands before its token endpoint.
    pub proxy: FaultProxy,
    /// The project.
    pub embedder: Embedder,
    /// The program's clock.
    pub clock: Arc<ManualClock>,
    /// The tokens that calls were given.
    given: Arc<Mutex<Vec<String>>>,
}

impl Judged {
    /// Nobody signed in yet. `None` where the server is not installed; then `story` is said to be left out.
    pub async fn start(story: &str) -> Option<Self> {
        let port = free_port();
        let redirect = format!("http://127.0.0.1:{port}/auth/judge/callback");
        let server = OAuthServer::start(story, &redirect, LIFE)?;
        let proxy = FaultProxy::start(&server.url()).await;
        let embedder = Embedder::new();
        let provider = server.provider_through(&proxy.url());
        embedder
            .write("pocket.toml", &format!("{provider}\n[callback]\nport = {port}\n"))
            .write(".secrets.toml", &server.secrets());
        Some(Self {
            server,
            proxy,
            embedder,
            clock: Arc::new(ManualClock::at(SystemClock.now())),
            given: Arc::default(),
        })
    }

    /// A process of the program: its own library on the same home.
    pub async fn process(&self) -> Pocket {
        let given = Arc::clone(&self.given);
        let keep = FunctionTool::new(
            "keep",
            "Keeps the token it is given.",
            move |_args: Value, call: Call| {
                let given = Arc::clone(&given);
                async move {
                    let token = call.credential("JUDGE_TOKEN")?.expose().to_owned();
                    given.lock().unwrap_or_else(PoisonError::into_inner).push(token);
                    Ok::<_, FunctionError>(json!({}))
                }
            },
        );
        self.embedder
            .builder()
            .clock(Arc::clone(&self.clock) as _)
            .function(
                keep.auth_provider("judge")
                    .scopes(["api:read", "offline_access", "openid"]),
            )
            .build()
            .await
            .expect("it can be built")
    }

    /// A process in which the user signed in, and which called once.
    pub async fn signed_in(&self) -> Pocket {
        let pocket = self.process().await;
        let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
        self.agree(&sign_ins[0]).await;
        pocket.wait_tool_auth().await.expect("the sign-in is done");
        self.call(&pocket).await.expect("a call with a fresh token");
        pocket
    }

    /// The user's part.
    pub async fn agree(&self, sign_in: &SignIn) -> Page {
        let mut browser = Browser::new();
        let page = browser.open(&sign_in.url).await;
        assert!(page.status.is_success(), "{}", page.body);
        let login = browser.submit(&page, &[]).await;
        let consent = browser.submit(&login, &[("login", "alice"), ("password", "x")]).await;
        assert!(consent.body.contains("api:read"), "{}", consent.body);
        browser.submit(&consent, &[]).await
    }

    /// Calls the tool.
    ///
    /// # Errors
    /// As the call ends.
    pub async fn call(&self, pocket: &Pocket) -> Result<Output, Error> {
        pocket.invoke("keep", json!({})).await
    }

    /// The token that the last call was given.
    pub fn last(&self) -> String {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.last().cloned().expect("a call was given one")
    }

    /// All tokens that calls were given.
    pub fn given(&self) -> Vec<String> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The access token is over.
    pub fn later(&self) {
        self.clock.advance(Duration::from_secs(LIFE));
    }
}
