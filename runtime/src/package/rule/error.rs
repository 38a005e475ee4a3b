//! Why a text is not a rule.

/// Why a text is not a [`Rule`](crate::Rule).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// There is nothing.
    #[error("a rule may not be empty: write `https://api.example.com`, or `GET https://api.example.com/v1/*`")]
    Empty,
    /// It is longer than any rule has to be.
    #[error("a rule has at most 2,048 bytes: {0}")]
    Length(usize),
    /// A word before the URL is not a method.
    #[error("methods are names with commas between, such as `GET,POST`, and a space after: `{0}`")]
    Method(String),
    /// CONNECT and TRACE cannot be allowed.
    #[error("this method is never sent, so no rule may name it: `{0}`")]
    NeverSent(String),
    /// There is no `scheme://`.
    #[error("a rule has a URL that begins with `https://` or `http://`: `{0}`")]
    NoScheme(String),
    /// It is neither `http` nor `https`.
    #[error("the scheme of a rule is `https` or `http`: `{0}`")]
    Scheme(String),
    /// A name before `@` makes the host look like another.
    #[error("a rule has no user name or password before the host: `{0}`")]
    UserInfo(String),
    /// There is no host.
    #[error("a rule has a host after `://`: `{0}`")]
    NoHost(String),
    /// It is neither a name nor an address.
    #[error("a host is a name such as `api.example.com`, or an address, IPv6 in brackets: `{0}`")]
    Host(String),
    /// An asterisk stands where it may not.
    #[error(
        "in a host `*` may only be the whole first label, before at least two others, as in `*.example.com`: `{0}`"
    )]
    HostAsterisk(String),
    /// It is no port.
    #[error("a port is a number from 1 to 65535: `{0}`")]
    Port(String),
    /// An asterisk stands where it may not.
    #[error(
        "in a path `*` may only be the end, after a slash, as in `/v1/*` (write `%2A` for the character itself): `{0}`"
    )]
    PathAsterisk(String),
    /// It could be read in two ways.
    #[error(
        "a rule's path has no `.` or `..` segment, `//`, backslash, `;`, control character or broken encoding, nor an encoded `/`, `\\` or `%`: `{0}`"
    )]
    Path(String),
    /// The query is not compared.
    #[error("a rule has no `?` or `#`, as queries are not compared: `{0}`")]
    Query(String),
}
