//! How this process is asked to end.

/// Ends once somebody asks this process to end: with Ctrl-C, or as whoever supervises it does.
pub(crate) async fn asked_to_end() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_error) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        _terminated = terminated => {}
        Ok(()) = tokio::signal::ctrl_c() => {}
    }
}
