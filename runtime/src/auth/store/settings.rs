//! What the operator sets for where tokens are kept.

use crate::{auth::StoreUrl, base::key::KeySource};

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
    pub(crate) const fn new(url: Option<StoreUrl>, sign_ins_url: Option<StoreUrl>, key: KeySource) -> Self {
        Self { url, sign_ins_url, key }
    }
}
