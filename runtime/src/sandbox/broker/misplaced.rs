//! Where a placeholder stands that may not stand there.

use crate::sandbox::broker::LARGEST;

/// Where a placeholder stands that may not stand there, or where nobody looks whether it does. A provider that published it as content
/// must never have been sent the token in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::sandbox) enum Misplaced {
    #[error("the placeholder of its credential is sent to a host that is not the provider's")]
    Host,
    #[error("the placeholder of its credential stands in its path")]
    Path,
    #[error("the placeholder of its credential stands in its query, where the token does not go")]
    Query,
    #[error("the placeholder of its credential stands in a header in which the token does not go, or not alone")]
    Header,
    #[error("the placeholder of its credential stands in its body, where the token does not go, or not alone")]
    Body,
    #[error(
        "its body is larger than {} KiB, up to which this provider's token is put into a field of it: send less in one request, or write `credentials = \"env\"` for this tool if you trust it with the secret itself",
        LARGEST >> 10
    )]
    TooLarge,
}
