//! Where in a request a token goes.

/// Where in a request the token goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// A header, after a prefix such as `Bearer `.
    Header {
        /// Its name, in lower case.
        name: String,
        /// What stands before the token.
        prefix: String,
    },
    /// The password of Basic authentication.
    BasicPassword,
    /// The user name of Basic authentication, with an empty password.
    BasicUsername,
    /// A query parameter.
    Query(String),
    /// A top-level field of a form or JSON body.
    Field(String),
}

impl Placement {
    /// `Authorization: Bearer ...` (RFC 6750 section 2.1).
    pub(crate) fn bearer() -> Self {
        Self::Header {
            name: "authorization".to_owned(),
            prefix: "Bearer ".to_owned(),
        }
    }
}
