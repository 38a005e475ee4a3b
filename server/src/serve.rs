//! Serves connections, each with limits of its own, and ends without losing what runs.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::server::Core;

/// The most that the head of a request may have, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// How many requests one connection has open at once, where it is HTTP/2.
const STREAMS: u32 = 128;
/// How long replies may still be on their way once no call runs.
const LAST_REPLIES: Duration = Duration::from_secs(5);

/// Serves until `end` is done, and then until what runs has ended, or its time has.
pub(crate) async fn until(listener: TcpListener, router: Router, core: &Arc<Core>, end: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let server = server(core);
    let room = Arc::new(Semaphore::new(core.settings.connections));
    let mut end = std::pin::pin!(end);
    loop {
        // A connection beyond the limit waits in the system's queue.
        let place = tokio::select! {
            place = Arc::clone(&room).acquire_owned() => place,
            () = &mut end => break,
        };
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut end => break,
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    core.ending.cancel();
    if tokio::time::timeout(core.settings.grace, core.calls.wait_all())
        .await
        .is_err()
    {
        core.calls.cancel_all();
    }
    let _ = tokio::time::timeout(LAST_REPLIES, graceful.shutdown()).await;
    core.seen.end().await;
}

fn server(core: &Core) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(core.settings.head_timeout)
        .max_buf_size(HEAD_BYTES * 2);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(core.settings.head_timeout);
    server
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return stream,
            // Too many open files, or a connection that ended already: the next one may do better.
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
