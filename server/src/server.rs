//! A server: its doors, and how they are served.

use std::{
    io,
    net::{Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, middleware};
use pocket_runtime::{Pocket, Secret};
use rmcp::model::RequestStateCodec;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    api::{self, problem::Problem},
    browser::{self, Codes, Sessions},
    caller::Caller,
    calls::Calls,
    door::{self, Place},
    error::ServerError,
    following::{self, Project},
    keys::{Key, Keys, Revocations},
    mcp, pages,
    readiness::Readiness,
    seen::Seen,
    serve,
    settings::{LONGEST_SESSION, ServerSettings},
    tools::Tools,
    turns::Turns,
};

/// What all doors share.
pub(crate) struct Core {
    pub(crate) tools: Tools,
    pub(crate) settings: ServerSettings,
    pub(crate) keys: Keys,
    pub(crate) revocations: Revocations,
    pub(crate) calls: Calls,
    pub(crate) seen: Arc<Seen>,
    pub(crate) place: Place,
    pub(crate) turns: Turns,
    pub(crate) readiness: Readiness,
    /// What lets a browser in.
    pub(crate) codes: Codes,
    /// The browsers that were let in.
    pub(crate) sessions: Sessions,
    /// What each form has in it where no session is needed.
    pub(crate) form: Secret,
    /// Seals what an agent brings back.
    pub(crate) request_state: RequestStateCodec,
    /// Cancelled once the server is to end.
    pub(crate) ending: CancellationToken,
}

impl Core {
    /// # Errors
    /// When a file of the keys cannot be read or made.
    pub(crate) fn of(pocket: Pocket, keys: Keys, settings: ServerSettings, port: u16) -> Result<Self, ServerError> {
        let seen = Arc::new(Seen::in_folder(keys.folder()));
        Ok(Self {
            place: Place::of(port, settings.public_url.as_ref()),
            turns: Turns::of(&settings),
            readiness: Readiness::default(),
            revocations: keys.watch(),
            calls: Calls::new(Arc::clone(&seen)),
            seen,
            codes: Codes::default(),
            sessions: Sessions::lasting(settings.session_time.min(LONGEST_SESSION)),
            form: browser::made(),
            request_state: mcp::request_state(&keys)?,
            ending: CancellationToken::new(),
            tools: Tools::of(pocket),
            settings,
            keys,
        })
    }
}

/// A server that listens, and serves once it is [run](Server::run).
///
/// ```no_run
/// # async fn example(home: pocket_runtime::Home) -> Result<(), Box<dyn std::error::Error>> {
/// use pocket_runtime::{Pocket, Secret};
/// use pocket_server::{Keys, Server, ServerSettings};
///
/// let pocket = Pocket::builder().project(".").home(home.clone()).build().await?;
/// let server = Server::bind(pocket, Keys::of(&home), ServerSettings::default()).await?;
/// println!("http://{}", server.address());
/// server.run(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
/// # Ok(())
/// # }
/// ```
pub struct Server {
    core: Arc<Core>,
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    project: Option<Arc<dyn Project>>,
}

impl Server {
    /// Listens where the settings say.
    ///
    /// # Errors
    /// When the address is taken or none of this machine, and when the settings would let in whom they must not.
    pub async fn bind(pocket: Pocket, keys: Keys, settings: ServerSettings) -> Result<Self, ServerError> {
        settings.check()?;
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ServerError::AddressTaken(settings.listen),
            _other => ServerError::Listen {
                address: settings.listen,
                error,
            },
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let core = Arc::new(Core::of(pocket, keys, settings, address.port())?);
        let router = router(&core)?;
        Ok(Self {
            core,
            listener,
            address,
            router,
            project: None,
        })
    }

    /// Takes what changes in this project while it serves.
    #[must_use]
    pub fn following(mut self, project: Arc<dyn Project>) -> Self {
        self.project = Some(project);
        self
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser opens the pages as the caller of this key. The URL is a credential: whoever opens it first is let in, once, within
    /// ten minutes. Without a key it leads to the page on which one is typed.
    #[must_use]
    pub fn one_time_url(&self, key: Option<Arc<Key>>) -> Secret {
        let base = match &self.core.settings.public_url {
            Some(url) => url.origin().ascii_serialization(),
            None if self.address.ip() == Ipv6Addr::LOCALHOST => format!("http://[::1]:{}", self.address.port()),
            None => format!("http://127.0.0.1:{}", self.address.port()),
        };
        let query = key.map(|key| {
            let code = self.core.codes.make(Caller::with_key(key));
            format!("enter?code={}", code.expose())
        });
        Secret::new(format!("{base}/{}", query.unwrap_or_default()))
    }

    /// Serves until `end` is done; then takes nothing new, lets the calls that run go on for [`ServerSettings::grace`], and cancels
    /// those that are left.
    pub async fn run(self, end: impl Future<Output = ()> + Send) {
        let Self {
            core,
            listener,
            router,
            project,
            ..
        } = self;
        let pocket = core.tools.now();
        let _keeping = AbortOnDropHandle::new(tokio::spawn(async move { pocket.keep_alive().await }));
        let (calls, revocations) = (core.calls.clone(), core.revocations.clone());
        let _ending = AbortOnDropHandle::new(tokio::spawn(async move { calls.end_with_keys(revocations).await }));
        let _following = project.map(|project| {
            let follow = following::follow(Arc::clone(&core), project);
            AbortOnDropHandle::new(tokio::spawn(follow))
        });
        serve::until(listener, router, &core, end).await;
    }
}

fn router(core: &Arc<Core>) -> Result<Router, ServerError> {
    let router = Router::new()
        .merge(api::router(core))
        .merge(mcp::router(core))
        .merge(pages::router(core)?)
        .fallback(pages::no_route)
        .method_not_allowed_fallback(async || Problem::no_method())
        .layer(middleware::from_fn_with_state(Arc::clone(core), door::is_ours));
    Ok(router)
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("settings", &self.core.settings)
            .finish_non_exhaustive()
    }
}
