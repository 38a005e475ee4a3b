//! An OAuth server that nobody here wrote: npm's `oidc-provider`, where `cargo xtask test` could install it.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{free_port, token_states::AsClient, witness};

/// The variable that says in which folder node finds the server.
const FOLDER: &str = "POCKET_TEST_OAUTH_SERVER";

/// How long node may take to start, or to write what it did.
const LONGEST: Duration = Duration::from_secs(60);

/// The client that the server knows. Its secret only comes through when it is form-encoded before base64.
const CLIENT: (&str, &str) = ("pocket", "se:cret+/ %&=");
const AS_CLIENT: AsClient = AsClient {
    id: CLIENT.0,
    secret: CLIENT.1,
};

/// `oidc-provider` in a process of its own on a free port, until dropped.
pub struct OAuthServer {
    child: Child,
    port: u16,
    said: Arc<Said>,
}

/// What it wrote so far, line by line.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl OAuthServer {
    /// With one client that may be sent back to `redirect_uri`, and access tokens that last so many seconds. `None` where the
    /// server is not installed; then `story` is said to be left out.
    pub fn start(story: &str, redirect_uri: &str, access_token_seconds: u64) -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            use std::io::Write as _;
            // Past the capture of a test that passes; nobody reads it where stderr is closed.
            let _ = writeln!(std::io::stderr(), "left out, since {FOLDER} is not set: {story}");
            return None;
        };
        let port = free_port();
        let mut child = Command::new("node")
            .arg("server.mjs")
            .args([&port.to_string(), redirect_uri])
            .current_dir(&folder)
            .env("ACCESS_TOKEN_TTL", access_token_seconds.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("the server in `{}` cannot be started: {e}", folder.display()));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let said = Arc::new(Said::default());
        let write = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some((kind, token)) = line.split_once("_token ")
                    && !kind.starts_with("grant.")
                {
                    witness::gave(token);
                }
                write.lines().push(line);
                write.more.notify_all();
            }
        });
        let server = Self { child, port, said };
        server.wait_for("ready", 1);
        Some(server)
    }

    /// `http://127.0.0.1:PORT`, its issuer too.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// This server as the provider `judge`, as an operator's `pocket.toml` says it.
    pub fn provider(&self) -> String {
        self.provider_through(&self.url())
    }

    /// The same with its token endpoint reached through a proxy at this URL.
    pub fn provider_through(&self, proxy: &str) -> String {
        let (url, port) = (self.url(), self.port);
        format!(
            r#"[providers.judge]
title = "Judge"
hosts = ["127.0.0.1:{port}"]
placement.header = {{ name = "authorization", prefix = "Bearer " }}
variables = [{{ name = "JUDGE_TOKEN" }}]
default = "judge-oauth2"
handlers.judge-oauth2.flow = "oauth2"
handlers.judge-token.flow = "token"
handlers.judge-client.flow = "client-credentials"

[providers.judge.oauth2]
authorize = "{url}/auth"
token = "{proxy}/token"
device = "{url}/device/auth"
revoke = {{ kind = "rfc7009", url = "{url}/token/revocation" }}
issuer = "{url}"
iss = "sent"
redirect = "loopback"
client_auth = "basic"
pkce = "s256"
authorize_params = {{ prompt = "consent" }}
refresh.rotation = "rotates"
"#
        )
    }

    /// The same of which only the issuer is said.
    pub fn issuer(&self) -> String {
        let (url, port) = (self.url(), self.port);
        format!("[providers.judge]\nhosts = [\"127.0.0.1:{port}\"]\noauth2.issuer = \"{url}\"\n")
    }

    /// The client, as `.secrets.toml` has it.
    pub fn secrets(&self) -> String {
        let (id, secret) = CLIENT;
        format!("[auth.judge]\nclient_id = \"{id}\"\nclient_secret = \"{secret}\"\n")
    }

    /// How often it wrote this line: `grant.success refresh_token`.
    pub fn count(&self, line: &str) -> usize {
        self.said.lines().iter().filter(|said| *said == line).count()
    }

    /// Waits until it wrote this line so often.
    pub fn wait_for(&self, line: &str, times: usize) {
        let deadline = Instant::now() + LONGEST;
        let mut lines = self.said.lines();
        while lines.iter().filter(|said| *said == line).count() < times {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the server never said `{line}`, but: {lines:?}");
            let waited = self.said.more.wait_timeout(lines, left);
            lines = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Every token that it ever gave, and the client's secret.
    pub fn secrets_given(&self) -> Vec<String> {
        let lines = self.said.lines();
        let token = |line: &String| line.split_once("_token ").map(|(_kind, token)| token.to_owned());
        let tokens = lines
            .iter()
            .filter(|line| !line.starts_with("grant."))
            .filter_map(token);
        tokens.chain([CLIENT.1.to_owned()]).collect()
    }

    /// The last token of a kind that it gave: `access_token`, `refresh_token`.
    pub fn last(&self, kind: &str) -> String {
        let lines = self.said.lines();
        let token = lines
            .iter()
            .rev()
            .find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
        token.expect("it gave one").to_owned()
    }

    /// Makes a token bad (RFC 7009), as a user who removes the app does.
    pub async fn revoke(&self, token: &str) {
        AS_CLIENT
            .revoke(&format!("{}/token/revocation", self.url()), token)
            .await;
    }

    /// Whether it says that a token is good (RFC 7662).
    pub async fn is_active(&self, token: &str) -> bool {
        AS_CLIENT
            .is_active(&format!("{}/token/introspection", self.url()), token)
            .await
    }
}

impl Said {
    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OAuthServer {
    fn drop(&mut self) {
        // One that ended already is as good. It ends with its stdin too, should this process be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
