//! `pocket fetch-for-parent`: what `pocket` has started to bring one source into the cache, apart from everything else.

use std::io;

use pocket_runtime::fetch_for_parent;

use crate::{failure::Failure, place::Place};

/// Fetches what stdin names.
pub(crate) async fn fetch(place: &Place) -> Result<(), Failure> {
    let fetching = fetch_for_parent(&place.home, io::stdin().lock(), io::stdout());
    Ok(fetching.await.map_err(anyhow::Error::from)?)
}
