//! `pocket fetch-for-parent`: what `pocket` has started to bring one source into the cache, apart from everything else.

use std::io::{self, Read};

use pocket_runtime::fetch_for_parent;

use crate::{failure::Failure, place::Place};

/// Fetches what stdin names.
pub(crate) async fn fetch(place: &Place) -> Result<(), Failure> {
    let input = input().map_err(anyhow::Error::from)?;
    let fetching = fetch_for_parent(&place.home, input, io::stdout());
    Ok(fetching.await.map_err(anyhow::Error::from)?)
}

/// Stdin without the standard library's buffer, which would keep a password that came through it.
#[cfg(unix)]
fn input() -> io::Result<impl Read> {
    use std::os::fd::AsFd as _;

    io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

/// Elsewhere no process is held, and nobody starts this one.
#[cfg(not(unix))]
fn input() -> io::Result<impl Read> {
    Ok(io::stdin().lock())
}
