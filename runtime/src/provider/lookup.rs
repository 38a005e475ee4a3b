//! What is asked for right after a sign-in.

use std::collections::BTreeMap;

use url::Url;

use crate::provider::Pointer;

/// A request right after a sign-in, for what the token's reply does not tell: a data centre, a site. It is a `GET` that carries
/// the new token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// Where.
    pub url: Url,
    /// What stands before the token in its `Authorization` header.
    pub prefix: String,
    /// Where in the answer each value stands, by the name that variables call it.
    pub fields: BTreeMap<String, Pointer>,
    /// The parts of who the token is of, from narrow to wide, where the token's reply does not tell.
    pub identity: Vec<Pointer>,
}
