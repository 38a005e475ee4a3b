//! Reads a rule from its text.

use std::str::FromStr;

use crate::{
    base::text::shown_on_one_line,
    package::rule::{
        Rule, RuleError,
        authority::{self, NotAnAuthority},
        host::{self, Hosts},
        methods::{Methods, NotMethods},
        path::{NotPaths, Paths},
        scheme::Scheme,
    },
};

const LONGEST: usize = 2048;

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RuleError::Empty);
        }
        if text.len() > LONGEST {
            return Err(RuleError::Length(text.len()));
        }
        let (methods, url) = match text.rsplit_once(char::is_whitespace) {
            Some((names, url)) => (methods(names)?, url),
            None => (Methods::all(), text),
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| RuleError::NoScheme(shown_on_one_line(url)))?;
        let scheme = Scheme::parse(scheme).ok_or_else(|| RuleError::Scheme(shown_on_one_line(scheme)))?;
        if rest.contains(['?', '#']) {
            return Err(RuleError::Query(shown_on_one_line(url)));
        }
        let (authority, path) = match rest.find(['/', '\\']) {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (hosts, port) = hosts(authority)?;
        Ok(Self {
            methods,
            scheme,
            hosts,
            port: port.unwrap_or_else(|| scheme.port()),
            paths: if path.is_empty() { None } else { Some(paths(path)?) },
            private: false,
        })
    }
}

fn methods(names: &str) -> Result<Methods, RuleError> {
    Methods::parse(names).map_err(|fault| match fault {
        NotMethods::Never(method) => RuleError::NeverSent(method),
        NotMethods::Word(word) => RuleError::Method(shown_on_one_line(&word)),
    })
}

fn hosts(authority: &str) -> Result<(Hosts, Option<u16>), RuleError> {
    let (written, port) = authority::split(authority).map_err(|fault| match fault {
        NotAnAuthority::Empty => RuleError::NoHost(shown_on_one_line(authority)),
        NotAnAuthority::UserInfo => RuleError::UserInfo(shown_on_one_line(authority)),
        NotAnAuthority::Port(port) => RuleError::Port(shown_on_one_line(port)),
    })?;
    let below = written.strip_prefix("*.");
    let name = below.unwrap_or(written);
    if name.contains('*') {
        return Err(RuleError::HostAsterisk(shown_on_one_line(written)));
    }
    let name = host::canonical(name).ok_or_else(|| RuleError::Host(shown_on_one_line(written)))?;
    let hosts = match below {
        None => Hosts::Exact(name),
        Some(_) if host::is_address(&name) || !name.contains('.') => {
            return Err(RuleError::HostAsterisk(shown_on_one_line(written)));
        }
        Some(_) => Hosts::Below(name),
    };
    Ok((hosts, port))
}

fn paths(path: &str) -> Result<Paths, RuleError> {
    Paths::parse(path).map_err(|fault| match fault {
        NotPaths::Asterisk => RuleError::PathAsterisk(shown_on_one_line(path)),
        NotPaths::Ambiguous => RuleError::Path(shown_on_one_line(path)),
    })
}
