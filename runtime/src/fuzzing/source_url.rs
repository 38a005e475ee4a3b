//! What a user writes where a tool is asked for.

use std::path::Path;

use crate::{
    base::text::is_invisible,
    source::{
        GitSource, Reference, Source, SourceError,
        fuzzed::{Parts, settings},
    },
};

/// What stands for a password in an input.
const PLANTED: &str = "pl4nted";

/// A text that may name a source: what is read of it has a written form that is read as the same, shows no password, and
/// goes to one host in one notation.
///
/// # Panics
/// Where that does not hold.
pub fn source_url(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = parse(text);
    let is_planted = has_planted_login(text);
    match &read {
        Ok(reference) => {
            let told = format!("{reference:?}");
            assert!(!(is_planted && told.contains(PLANTED)), "{told}");
            check(reference);
        }
        Err(error) => {
            let told = format!("{error} {error:?} {:?}", error.hints());
            assert!(!(is_planted && told.contains(PLANTED)), "{told}");
            let shown = format!("{error}{}", error.hints().concat());
            // The text of the operating system's own errors is not ours.
            let is_ours = !matches!(error, SourceError::Unreadable { .. });
            assert!(!(is_ours && shown.contains(is_invisible)), "{shown:?}");
        }
    }
}

fn parse(text: &str) -> Result<Reference, SourceError> {
    Reference::parse(text, Path::new("/project"), &settings())
}

/// Whether the planted text stands as a password in the URL, or in a user name that is not kept, and nowhere else.
fn has_planted_login(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(is_scheme) {
        return false;
    }
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    // Browsers, and the parser, read a URL of the web past any number of slashes.
    let rest = if is_web {
        rest.trim_start_matches(['/', '\\'])
    } else {
        rest
    };
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let Some((login, _host)) = authority.rsplit_once('@') else {
        return false;
    };
    let is_ssh = scheme.eq_ignore_ascii_case("ssh");
    let secret = if is_ssh {
        login.split_once(':').map_or("", |(_user, password)| password)
    } else {
        login
    };
    secret.contains(PLANTED) && text.matches(PLANTED).count() == 1
}

fn check(reference: &Reference) {
    match reference {
        Reference::Name(name) => assert_eq!(parse(name.as_str()).ok().as_ref(), Some(reference)),
        Reference::Source(source @ Source::Path(path)) => {
            assert!(path.folder.is_absolute(), "{path:?}");
            assert_eq!(parse(source.written()).ok().as_ref(), Some(reference));
        }
        Reference::Source(Source::Git(git)) => check_git(git),
    }
}

fn check_git(git: &GitSource) {
    let parts = Parts::of(git);
    let again = reread(&git.written);
    assert_eq!(again.written, git.written);
    assert_eq!(Parts::of(&again), parts, "{}", git.written);
    if let Some(rewritten) = parts.rewritten(git) {
        assert_eq!(Parts::of(&reread(&rewritten)), parts, "{rewritten}");
    }

    assert!(!git.written.contains(is_invisible), "{}", git.written);
    assert!(parts.is_ssh || !before_path(&parts.url).contains('@'), "{parts:?}");
    assert!(!parts.host.contains(['@', '/', '\\', '#', '?', ' ']), "{parts:?}");
    if parts.is_web {
        let canonical = url::Host::parse(&parts.host).map(|host| host.to_string());
        assert_eq!(canonical.as_ref(), Ok(&parts.host), "a host has one notation");
        assert!(before_path(&parts.url).contains(&parts.host), "{parts:?}");
    }
    let folder = parts.folder().expect("what a URL names in a repository is a folder");
    let mut steps = folder.as_str().split('/');
    assert!(
        folder.as_str().is_empty() || steps.all(|step| !matches!(step, "" | "." | "..")),
        "{folder}"
    );
}

fn reread(written: &str) -> GitSource {
    match parse(written) {
        Ok(Reference::Source(Source::Git(git))) => git,
        other => panic!("the written form `{written}` is read as {other:?}"),
    }
}

/// Scheme and authority.
fn before_path(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/'));
    end.and_then(|end| url.get(..start + end)).unwrap_or(url)
}
