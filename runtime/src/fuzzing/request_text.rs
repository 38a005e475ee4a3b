//! A brokered request and its reply, written as a text that a person can read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, request::Parts};

use crate::{
    fuzzing::encodings::{
        Mark, escaped, filled, form, json, json_with_slashes, percent, percent_lower, pieces, unicode, unicode_lower,
    },
    provider::Placement,
};

/// A token, and what its provider's tokens begin with.
pub(super) const TOKENS: [(&str, &[&str]); 4] = [
    ("xoxb-1234567890-abcdefghijklmnopqrstuvwx", &["xoxb-"]),
    ("00112233445566778899aabbccddeeff00112233", &[]),
    ("pl4nted/+ \"odd\\signs=&%0123456789-0123456789", &[]),
    ("abababababababababababababababab", &[]),
];

/// What a text describes, before the placeholder is known.
pub(super) struct Case<'a> {
    pub(super) token: usize,
    pub(super) placement: Placement,
    pub(super) to_provider: bool,
    /// All that the guest writes.
    pub(super) request: &'a [u8],
    pub(super) reply: &'a [u8],
}

impl<'a> Case<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (token, rest) = line(bytes)?;
        let (placement, rest) = line(rest)?;
        let (to, rest) = line(rest)?;
        const REPLY: &[u8] = b"\n{reply}\n";
        let (request, reply) = match memchr::memmem::find(rest, REPLY) {
            Some(at) => (rest.get(..at)?, rest.get(at + REPLY.len()..)?),
            None => (rest, [].as_slice()),
        };
        let number: usize = token.strip_prefix("token ")?.parse().ok()?;
        Some(Self {
            token: number % TOKENS.len(),
            placement: placement_of(placement.strip_prefix("place ")?)?,
            to_provider: to == "to provider",
            request,
            reply,
        })
    }

    /// The request that the guest makes of its placeholder, with its body in pieces.
    pub(super) fn request(&self, placeholder: &str) -> Option<(Parts, Vec<Bytes>)> {
        let text = filled(self.request, &of_placeholder(placeholder));
        let at = memchr::memmem::find(&text, b"\n\n").unwrap_or(text.len());
        let head = std::str::from_utf8(text.get(..at)?).ok()?;
        let body = text.get(at + 2..).unwrap_or_default();
        let mut lines = head.split('\n');
        let (method, url) = lines.next()?.split_once(' ')?;
        let uri: Uri = url.parse().ok()?;
        uri.authority()?;
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).ok()?)
            .uri(uri);
        for (name, value) in lines.take(20).filter_map(|line| line.split_once(": ")) {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
        let (head, ()) = request.body(()).ok()?.into_parts();
        Some((head, pieces(body).into_iter().map(Bytes::copy_from_slice).collect()))
    }

    /// The body of the reply in pieces, with what it echoes.
    pub(super) fn reply(&self, placeholder: &str) -> Vec<Bytes> {
        let (token, _) = TOKENS[self.token];
        let mut marks = of_placeholder(placeholder);
        marks.extend(of_token(token));
        let text = filled(self.reply, &marks);
        pieces(&text).into_iter().map(Bytes::copy_from_slice).collect()
    }
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let at = memchr::memchr(b'\n', bytes)?;
    Some((std::str::from_utf8(bytes.get(..at)?).ok()?, bytes.get(at + 1..)?))
}

/// `header NAME PREFIX`, `basic password`, `basic username`, `query NAME`, `field NAME`.
fn placement_of(text: &str) -> Option<Placement> {
    let (kind, rest) = text.split_once(' ')?;
    Some(match (kind, rest) {
        ("header", rest) => {
            let (name, prefix) = rest.split_once(' ')?;
            Placement::Header {
                name: HeaderName::from_bytes(name.as_bytes()).ok()?.as_str().to_owned(),
                prefix: prefix.to_owned(),
            }
        }
        ("basic", "password") => Placement::BasicPassword,
        ("basic", "username") => Placement::BasicUsername,
        ("query", name) => Placement::Query(name.to_owned()),
        ("field", name) => Placement::Field(name.to_owned()),
        _other => return None,
    })
}

/// What a guest can make of its placeholder.
fn of_placeholder(text: &str) -> Vec<Mark> {
    let (first, rest) = text.split_at(1);
    let begun = |escape: fn(u8) -> String| [&escaped(first, true, escape), rest.as_bytes()].concat();
    vec![
        ("{P}", text.as_bytes().to_vec()),
        ("{P%}", escaped(text, true, percent)),
        ("{P1%}", begun(percent)),
        ("{P1u}", begun(unicode)),
        ("{Pl}", text.to_ascii_lowercase().into_bytes()),
        ("{Pu:}", STANDARD.encode(format!("user:{text}")).into_bytes()),
        ("{P:}", STANDARD.encode(format!("{text}:")).into_bytes()),
        ("{P:P}", STANDARD.encode(format!("{text}:{text}")).into_bytes()),
        ("{P<}", text.as_bytes()[..text.len() / 2].to_vec()),
        ("{P>}", text.as_bytes()[text.len() / 2..].to_vec()),
    ]
}

/// What a provider can send back of a token.
pub(super) fn of_token(text: &str) -> Vec<Mark> {
    let half = text.len() / 2;
    vec![
        ("{S}", text.as_bytes().to_vec()),
        ("{Sf}", form(text)),
        ("{S%}", escaped(text, false, percent)),
        ("{S%l}", escaped(text, false, percent_lower)),
        ("{Sj}", json(text)),
        ("{Sj/}", json_with_slashes(text)),
        ("{Su}", escaped(text, false, unicode)),
        ("{Sul}", escaped(text, false, unicode_lower)),
        ("{S<}", text.as_bytes()[..half].to_vec()),
        ("{S>}", text.as_bytes()[half..].to_vec()),
    ]
}
