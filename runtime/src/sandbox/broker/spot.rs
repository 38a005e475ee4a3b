//! Where in the head of a request a placeholder stands.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header, request::Parts};
use zeroize::Zeroizing;

use crate::{
    provider::Placement,
    sandbox::broker::{Broker, Misplaced, placeholder::Placeholder},
};

/// Where in the head of a request a placeholder stands, at the one place where its provider's tokens go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) enum Spot {
    /// The value after the first so many bytes.
    Header {
        name: HeaderName,
        prefix: usize,
        variable: String,
    },
    /// The password, or the name, of Basic authentication, with the other of the two as the guest wrote it.
    Basic {
        is_password: bool,
        other: Vec<u8>,
        variable: String,
    },
    /// These bytes of the path and query.
    Query { start: usize, end: usize, variable: String },
}

/// Finds the spot, if there is a placeholder at all.
pub(super) fn find(
    broker: &Broker,
    parts: &Parts,
    placement: Option<&Placement>,
    to_provider: bool,
) -> Result<Option<Spot>, Misplaced> {
    let mut spots = Vec::new();
    if holds(broker, parts.uri.path()) || parts.uri.host().is_some_and(|host| broker.stands_in_any_case(host)) {
        return Err(if to_provider { Misplaced::Path } else { Misplaced::Host });
    }
    if let Some(query) = parts.uri.query().filter(|query| holds(broker, query)) {
        match placement {
            Some(Placement::Query(name)) if to_provider => {
                spots.push(in_query(broker, parts, query, name).ok_or(Misplaced::Query)?);
            }
            _ if to_provider => return Err(Misplaced::Query),
            _ => return Err(Misplaced::Host),
        }
    }
    for (name, value) in &parts.headers {
        let in_basic = (name == header::AUTHORIZATION).then(|| basic_pair(value)).flatten();
        let held = broker.stands_in_any_case(name.as_str())
            || broker.stands_in(value.as_bytes())
            || in_basic
                .as_ref()
                .is_some_and(|(user, password)| broker.stands_in(user) || broker.stands_in(password));
        if !held {
            continue;
        }
        if !to_provider {
            return Err(Misplaced::Host);
        }
        // A second header of that name could be the one that its server reads.
        let is_only = parts.headers.get_all(name).iter().nth(1).is_none();
        let spot = in_header(broker, name, value, in_basic, placement).filter(|_| is_only);
        spots.push(spot.ok_or(Misplaced::Header)?);
    }
    let spot = spots.pop();
    if spots.is_empty() {
        Ok(spot)
    } else {
        Err(Misplaced::Header)
    }
}

/// As it is, or percent-encoded.
fn holds(broker: &Broker, text: &str) -> bool {
    broker.stands_in(text.as_bytes())
        || (text.contains('%') && broker.stands_in(&percent_encoding::percent_decode_str(text).collect::<Vec<u8>>()))
}

fn in_query(broker: &Broker, parts: &Parts, query: &str, name: &str) -> Option<Spot> {
    let (key, value) = {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, value)| {
            key == name || broker.stands_in(key.as_bytes()) || broker.stands_in(value.as_bytes())
        });
        let only = pairs.next()?;
        if pairs.next().is_some() {
            return None;
        }
        only
    };
    let placeholder = (key == name).then(|| broker.placeholder(value.as_bytes())).flatten()?;
    let whole = parts.uri.path_and_query()?.as_str().as_bytes();
    // Once, and not encoded, so that it is clear which bytes to replace.
    let range = (placeholder.times_in(whole) == 1)
        .then(|| placeholder.range_in(whole))
        .flatten()?;
    Some(Spot::Query {
        start: range.start,
        end: range.end,
        variable: placeholder.variable.clone(),
    })
}

fn in_header(
    broker: &Broker,
    name: &HeaderName,
    value: &HeaderValue,
    in_basic: Option<Pair>,
    placement: Option<&Placement>,
) -> Option<Spot> {
    let variable = |placeholder: &Placeholder| placeholder.variable.clone();
    match placement? {
        Placement::Header { name: own, prefix } if name == own.as_str() => {
            let token = after_prefix(value.as_bytes(), prefix)?;
            Some(Spot::Header {
                name: name.clone(),
                prefix: prefix.len(),
                variable: broker.placeholder(token).map(variable)?,
            })
        }
        place @ (Placement::BasicPassword | Placement::BasicUsername) => {
            let is_password = *place == Placement::BasicPassword;
            let (user, password) = in_basic?;
            let (token, other) = if is_password {
                (password, user)
            } else {
                (user, password)
            };
            let placeholder = broker.placeholder(&token)?;
            (!broker.stands_in(&other)).then(|| Spot::Basic {
                is_password,
                other: other.to_vec(),
                variable: variable(placeholder),
            })
        }
        Placement::Header { .. } | Placement::Query(_) | Placement::Field(_) => None,
    }
}

/// The names of schemes such as `Bearer` have no case.
fn after_prefix<'a>(value: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (front, token) = value.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix.as_bytes()).then_some(token)
}

type Pair = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// User name and password (RFC 7617 section 2).
fn basic_pair(value: &HeaderValue) -> Option<Pair> {
    let encoded = after_prefix(value.as_bytes(), "Basic ")?;
    let pair = Zeroizing::new(STANDARD.decode(encoded.trim_ascii()).ok()?);
    let colon = pair.iter().position(|&byte| byte == b':')?;
    Some((
        Zeroizing::new(pair.get(..colon)?.to_vec()),
        Zeroizing::new(pair.get(colon + 1..)?.to_vec()),
    ))
}

impl Spot {
    pub(super) fn variable(&self) -> &str {
        match self {
            Self::Header { variable, .. } | Self::Basic { variable, .. } | Self::Query { variable, .. } => variable,
        }
    }

    /// Puts the token in the placeholder's place. Gives the texts that a reply may echo, as they were and as they are now, where
    /// that is not the token itself.
    pub(super) fn fill(&self, parts: &mut Parts, token: &str) -> Option<Filled> {
        match self {
            Self::Header {
                name,
                prefix,
                variable: _,
            } => {
                let before = parts.headers.get(name)?;
                let value = Zeroizing::new([before.as_bytes().get(..*prefix)?, token.as_bytes()].concat());
                parts.headers.insert(name.clone(), sensitive(&value)?);
                Some(Filled::Token)
            }
            Self::Basic {
                is_password,
                other,
                variable: _,
            } => {
                let before = parts.headers.get(header::AUTHORIZATION)?.as_bytes();
                let before = after_prefix(before, "Basic ")?.trim_ascii().to_vec();
                let (user, password) = if *is_password {
                    (other.as_slice(), token.as_bytes())
                } else {
                    (token.as_bytes(), other.as_slice())
                };
                let pair = Zeroizing::new([user, b":", password].concat());
                let encoded = Zeroizing::new(STANDARD.encode(&*pair));
                let value = Zeroizing::new(format!("Basic {}", *encoded));
                parts
                    .headers
                    .insert(header::AUTHORIZATION, sensitive(value.as_bytes())?);
                Some(Filled::Encoded {
                    form: encoded.as_bytes().to_vec(),
                    instead: before.into_iter().cycle().take(encoded.len()).collect(),
                })
            }
            Self::Query {
                start,
                end,
                variable: _,
            } => {
                let whole = parts.uri.path_and_query()?.as_str();
                let written: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
                let filled = Zeroizing::new(format!("{}{written}{}", whole.get(..*start)?, whole.get(*end..)?));
                let mut uri = parts.uri.clone().into_parts();
                uri.path_and_query = Some(filled.parse().ok()?);
                parts.uri = http::Uri::from_parts(uri).ok()?;
                Some(Filled::Token)
            }
        }
    }
}

/// What stands in a request that was filled.
pub(super) enum Filled {
    /// The token, or a usual encoding of it.
    Token,
    /// This, which the guest knows as something else.
    Encoded { form: Vec<u8>, instead: Vec<u8> },
}

fn sensitive(value: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}
