//! A server of ours in this process, and who calls it over HTTP.

use std::{net::SocketAddr, sync::Arc};

use pocket_runtime::{Home, Pocket, Profile, ToolName};
use pocket_server::{Keys, Server, ServerSettings};
use serde_json::Value;
use tokio::{sync::Notify, task::JoinHandle};

/// A server of ours on a free port of loopback, until it is dropped.
pub struct Doors {
    /// Where it listens.
    pub address: SocketAddr,
    keys: Keys,
    end: Arc<Notify>,
    serving: JoinHandle<()>,
    one_time: Vec<String>,
    client: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl Doors {
    /// Serves these tools with keys of this home.
    pub async fn open(pocket: Pocket, home: impl AsRef<std::path::Path>) -> Self {
        Self::open_with(pocket, home, ServerSettings::default()).await
    }

    /// The same with these settings, but for where it listens.
    pub async fn open_with(pocket: Pocket, home: impl AsRef<std::path::Path>, settings: ServerSettings) -> Self {
        Self::open_for(pocket, home, settings, &[]).await
    }

    /// The same, with an address for a browser of each of these profiles: see [`Doors::one_time_url`].
    pub async fn open_for(
        pocket: Pocket,
        home: impl AsRef<std::path::Path>,
        settings: ServerSettings,
        profiles: &[&str],
    ) -> Self {
        crate::use_ring();
        let mut settings = settings;
        settings.listen = ([127, 0, 0, 1], 0).into();
        let keys = Keys::of(&Home::at(home));
        let server = Server::bind(pocket, keys.clone(), settings)
            .await
            .expect("loopback has a free port");
        let (address, end) = (server.address(), Arc::new(Notify::new()));
        let one_time = profiles.iter().map(|profile| {
            let made = keys.create(&Profile::new(*profile), None, None);
            let key = Arc::new(made.expect("a key can be made").key);
            server.one_time_url(Some(key)).expose().to_owned()
        });
        let one_time = one_time.collect();
        let ended = Arc::clone(&end);
        let serving = tokio::spawn(server.run(async move { ended.notified().await }));
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client can be made");
        Self {
            address,
            keys,
            end,
            serving,
            one_time,
            client,
        }
    }

    /// Where the browser of the n-th profile is let in, once.
    pub fn one_time_url(&self, which: usize) -> &str {
        &self.one_time[which]
    }

    /// The keys.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A new key of this profile.
    pub fn key(&self, profile: &str) -> String {
        let made = self.keys.create(&Profile::new(profile), None, None);
        made.expect("a key can be made").text.expose().to_owned()
    }

    /// The same for one tool only.
    pub fn key_for(&self, profile: &str, tool: &str) -> String {
        let tool: ToolName = tool.parse().expect("it is a name");
        let made = self.keys.create(&Profile::new(profile), Some([tool].into()), None);
        made.expect("a key can be made").text.expose().to_owned()
    }

    /// Where a path is.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with this key, to be sent.
    pub fn request(&self, method: &str, path: &str, key: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("it is a method");
        let request = self.client.request(method, self.url(path));
        if key.is_empty() {
            request
        } else {
            request.bearer_auth(key)
        }
    }

    /// Sends a request, and gives what came back.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let reply = request.send().await.expect("the server answers");
        Reply {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            text: reply.text().await.expect("the body comes whole"),
        }
    }

    /// Fetches a path.
    pub async fn get(&self, path: &str, key: &str) -> Reply {
        self.send(self.request("GET", path, key)).await
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, input: &Value, key: &str) -> Reply {
        let request = self.request("POST", &format!("/api/tools/{tool}/calls"), key);
        let request = request
            .header("content-type", "application/json")
            .body(input.to_string());
        self.send(request).await
    }

    /// Asks it to end.
    pub fn end(&self) {
        self.end.notify_one();
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) {
        (&mut self.serving).await.expect("it ends well");
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
