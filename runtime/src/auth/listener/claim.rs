//! Who has the port: this process, another one of the same store, or somebody else.

use std::{
    fs, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::net::TcpListener;

use crate::{
    auth::{AuthError, core::Core, pending::FlowId},
    base::{
        file_lock::FileLock,
        files::{FileMode, create_private_dir, write_atomic},
        listeners::Listening,
    },
};

/// How often and after what pause a port that is just changing hands is tried.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(50);
/// How long a mark may stay in the store when its process did not remove it.
const MARK: Duration = Duration::from_secs(24 * 60 * 60);

/// Who has the port.
pub(super) enum Claim {
    Ours(Claimed),
    /// It completes our sign-ins too: they are in the store that both have.
    AnotherPocket,
    Foreign(AuthError),
}

/// Whether to wait a moment for a port that may just be changing hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    None,
    Some,
}

/// A port that is ours. Fields are dropped in this order: the sockets are closed before another process gets the lock.
pub(super) struct Claimed {
    pub(super) v4: TcpListener,
    /// Where the machine has IPv6.
    pub(super) v6: Option<TcpListener>,
    pub(super) port: u16,
    pub(super) mark: Option<FlowId>,
    /// Keeps guests of this process away from the sockets.
    _listening: Vec<Listening>,
    _lock: Option<FileLock>,
}

/// Finds out, taking the port where nobody has it.
pub(super) async fn claim(core: &Core, port: u16, patience: Patience) -> Result<Claim, AuthError> {
    let listen = |source| AuthError::Listen { port, source };
    create_private_dir(core.home.data()).map_err(listen)?;
    let lock_file = core.home.data().join(format!("callback-{port}.lock"));
    let owner_file = core.home.data().join(format!("callback-{port}.owner"));
    let tries = match patience {
        Patience::None => 1,
        Patience::Some => TRIES,
    };
    let mut last = AuthError::PortTaken { port };
    for attempt in 0..tries {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match FileLock::try_acquire(&lock_file).map_err(listen)? {
            Some(lock) => match bind(port).await {
                Ok((v4, v6)) => {
                    // The mark says to other processes which store this one has.
                    let mark = FlowId::random();
                    core.flows.mark(mark, core.now().after(MARK)).await?;
                    write_atomic(&owner_file, mark.to_string().as_bytes(), FileMode::Private).map_err(listen)?;
                    let listening = listening(core, &v4, v6.as_ref());
                    return Ok(Claim::Ours(Claimed {
                        v4,
                        v6,
                        port,
                        mark: Some(mark),
                        _listening: listening,
                        _lock: Some(lock),
                    }));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => last = listen(error),
            },
            None if is_of_this_store(core, &owner_file).await? => return Ok(Claim::AnotherPocket),
            None => {}
        }
    }
    Ok(Claim::Foreign(last))
}

async fn is_of_this_store(core: &Core, owner_file: &std::path::Path) -> Result<bool, AuthError> {
    let Some(mark) = fs::read_to_string(owner_file).ok().and_then(|text| text.parse().ok()) else {
        return Ok(false);
    };
    core.flows.has_mark(mark).await
}

/// Any port that nobody has, on both addresses.
pub(super) async fn free_port(core: &Core) -> Result<Claimed, AuthError> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _try in 0..TRIES {
        match bind(0).await {
            Ok((v4, v6)) => {
                let port = v4
                    .local_addr()
                    .map_err(|source| AuthError::Listen { port: 0, source })?
                    .port();
                let listening = listening(core, &v4, v6.as_ref());
                return Ok(Claimed {
                    v4,
                    v6,
                    port,
                    mark: None,
                    _listening: listening,
                    _lock: None,
                });
            }
            Err(error) => last = error,
        }
    }
    Err(AuthError::Listen { port: 0, source: last })
}

fn listening(core: &Core, v4: &TcpListener, v6: Option<&TcpListener>) -> Vec<Listening> {
    let addresses = [Some(v4), v6]
        .into_iter()
        .flatten()
        .filter_map(|socket| socket.local_addr().ok());
    addresses.map(|address| core.listeners.add(address)).collect()
}

/// Both loopback addresses. `localhost` may mean either, so somebody else on one of them could get what is meant for us.
async fn bind(port: u16) -> io::Result<(TcpListener, Option<TcpListener>)> {
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = v4.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(v6) => Ok((v4, Some(v6))),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        // The machine has no IPv6, and then nobody can be there.
        Err(_no_such_address) => Ok((v4, None)),
    }
}
