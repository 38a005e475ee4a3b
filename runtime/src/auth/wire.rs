//! Writes secrets into bytes that are sealed right after: the only serialisation there is of them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::base::secret::Secret;

/// As JSON, in memory that is wiped when dropped. `None` where it cannot be written, which no type here brings about.
pub(super) fn to_bytes<T: Serialize>(value: &T) -> Option<Zeroizing<Vec<u8>>> {
    // Room for what records hold, so that growing seldom leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *bytes, value).ok()?;
    Some(bytes)
}

/// A secret, as it is.
pub(super) fn secret<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// A secret that may not be there.
pub(super) fn some_secret<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

/// Secrets by name.
pub(super) fn secrets<S: Serializer>(secrets: &BTreeMap<String, Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(secrets.iter().map(|(name, secret)| (name, secret.expose())))
}
