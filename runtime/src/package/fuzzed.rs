//! The reader of a manifest, without a folder around it.

use crate::{
    package::{Fault, Manifest, manifest},
    provider::Providers,
};

/// Reads the bytes of a `pocket.json`: what it says, where nothing is wrong with it, and everything worth saying.
pub(crate) fn read(bytes: &[u8], providers: &Providers) -> (Option<Manifest>, Vec<Fault>) {
    let read = manifest::read(bytes, providers);
    (read.manifest, read.faults)
}
