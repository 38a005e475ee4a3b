//! Where in a token endpoint's reply each value stands.

use std::collections::BTreeMap;

use crate::provider::Pointer;

/// Where in a token endpoint's reply each value of one kind of token stands; RFC 6749 section 5.1 where a file says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The access token.
    pub access_token: Pointer,
    /// The refresh token.
    pub refresh_token: Pointer,
    /// How many seconds the access token lives.
    pub expires_in: Pointer,
    /// The scopes that were granted: one text, or a list.
    pub scope: Pointer,
    /// The type of the token.
    pub token_type: Pointer,
    /// The types that mean a bearer token here, beside `bearer` itself; in lower case.
    pub token_types: Vec<String>,
    /// The parts of who the token is of, from narrow to wide: a user's id, then a team's name.
    pub identity: Vec<Pointer>,
    /// Other values that are kept, by the name that variables call them.
    pub fields: BTreeMap<String, Pointer>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            access_token: Pointer::member("access_token"),
            refresh_token: Pointer::member("refresh_token"),
            expires_in: Pointer::member("expires_in"),
            scope: Pointer::member("scope"),
            token_type: Pointer::member("token_type"),
            token_types: Vec::new(),
            identity: Vec::new(),
            fields: BTreeMap::new(),
        }
    }
}
