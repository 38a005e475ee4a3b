//! `host[:port]`, as URLs and rules write it.

use crate::package::rule::{host, scheme::Scheme};

/// Why a text is not `host[:port]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAnAuthority<'a> {
    Empty,
    UserInfo,
    Port(&'a str),
}

/// The host as it is written (an IPv6 address with its brackets), and the port where one is.
pub(super) fn split(text: &str) -> Result<(&str, Option<u16>), NotAnAuthority<'_>> {
    if text.contains('@') {
        return Err(NotAnAuthority::UserInfo);
    }
    let (host, port) = match text.rsplit_once(':') {
        // The colon is one of an IPv6 address.
        Some((_, after)) if after.contains(']') => (text, None),
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.is_empty() {
        return Err(NotAnAuthority::Empty);
    }
    let port = match port {
        // `parse` would take a sign.
        Some(digits) if !digits.bytes().all(|b| b.is_ascii_digit()) => return Err(NotAnAuthority::Port(digits)),
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port != 0 => Some(port),
            _not_a_port => return Err(NotAnAuthority::Port(digits)),
        },
        None => None,
    };
    Ok((host, port))
}

/// The canonical host, bracketed where it must be, with the port where it is not the scheme's own.
pub(super) fn join(host: &str, port: u16, scheme: Scheme) -> String {
    let host = host::bracketed(host);
    if port == scheme.port() {
        host
    } else {
        format!("{host}:{port}")
    }
}
