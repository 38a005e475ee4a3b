//! What the operator sets for where tokens are kept.

use std::fs;

use crate::{
    auth::StoreUrl,
    base::{home::Home, key::KeySource},
};

/// What the operator sets for where tokens are kept: `[store]`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StoreSettings {
    /// A server that keeps accounts and pending sign-ins; else the SQLite file in `home`.
    pub url: Option<StoreUrl>,
    /// A server that keeps pending sign-ins alone, where they are to be apart from the accounts.
    pub sign_ins_url: Option<StoreUrl>,
    /// Where the key comes from under which all is sealed.
    pub key: KeySource,
}

impl StoreSettings {
    /// Whether what keeps the tokens, or their key, may be reached by a socket that has a path: a database's, or the session's bus where the
    /// keyring of the user's system is asked. It is not where our own key file is there already.
    #[must_use]
    pub fn uses_local_sockets(&self, home: &Home) -> bool {
        let urls = [&self.url, &self.sign_ins_url];
        let by_keyring = matches!(self.key, KeySource::System) && !has_key_file(home);
        by_keyring || urls.into_iter().flatten().any(StoreUrl::may_have_a_path)
    }

    pub(crate) const fn new(url: Option<StoreUrl>, sign_ins_url: Option<StoreUrl>, key: KeySource) -> Self {
        Self { url, sign_ins_url, key }
    }
}

/// Whether a key of ours lies in `home`: then no keyring had one when the store was made.
fn has_key_file(home: &Home) -> bool {
    let entries = fs::read_dir(home.data()).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.any(|name| name.starts_with("store") && name.ends_with(".key"))
}
