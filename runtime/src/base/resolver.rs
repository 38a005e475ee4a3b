//! Finds the addresses of a name.

use std::{fmt, io, net::SocketAddr};

use async_trait::async_trait;

/// Finds the addresses of a name, for guests' requests and for providers alike. It is asked once for each connection, and just the
/// addresses that it gave are checked and dialled.
///
/// ```
/// use std::{io, net::SocketAddr, sync::Arc};
///
/// use async_trait::async_trait;
/// use pocket_runtime::{NetSettings, Resolver};
///
/// /// Knows the names of one network.
/// #[derive(Debug)]
/// struct Ours;
///
/// #[async_trait]
/// impl Resolver for Ours {
///     async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
///         match host {
///             "tools.example" => Ok(vec![([203, 0, 113, 7], port).into()]),
///             _ => Ok(Vec::new()),
///         }
///     }
/// }
///
/// let mut settings = NetSettings::default();
/// settings.resolver = Some(Arc::new(Ours));
/// ```
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of `host`, the preferred ones first; none where the name has none. The port of each is set to `port` by
    /// whoever asked.
    ///
    /// # Errors
    /// When it cannot be known now.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// Asks the system.
#[derive(Debug)]
pub(crate) struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}
