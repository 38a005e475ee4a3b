//! The ways to write a folder of a git repository, parsed.

use url::{Host, Url};

use crate::{
    base::{secret::Secret, text::shown_on_one_line},
    source::{
        BadUrl, Commit, Folder, SourceError, SourceSettings,
        place::Place,
        remote::{Login, Remote, Transport, without_login},
    },
};

/// A folder of a git repository, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitSource {
    /// As written, without a password.
    pub written: String,
    pub(super) remote: Remote,
    pub(super) place: Place,
}

impl GitSource {
    /// Reads one of the ways to write it; `None` where it is not meant as a URL at all.
    pub(super) fn parse(text: &str, settings: &SourceSettings) -> Result<Option<Self>, SourceError> {
        if has_scheme(text) {
            Self::from_url(text, settings).map(Some)
        } else if let Some((login, path)) = as_scp(text) {
            Self::from_scp(text, login, path).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The same repository with an exact ref and folder, as a user would write it.
    pub(super) fn rewritten(&self, reference: &str, folder: &Folder) -> String {
        let end = if folder.as_str().is_empty() { "" } else { ":" };
        shown_on_one_line(&format!("{}#{reference}{end}{folder}", self.remote.url))
    }

    /// The commit and folder, where the text itself says both in full.
    pub(super) fn exactly(&self) -> Option<(Commit, &Folder)> {
        match &self.place {
            Place::Exact {
                reference: Some(name),
                folder,
            } => Some((name.as_str().parse().ok()?, folder)),
            Place::Exact { reference: None, .. } | Place::Tree(_) => None,
        }
    }

    /// Whether this source can have stood for that commit and folder, as far as its text alone can tell.
    pub(crate) fn may_mean(&self, commit: &Commit, folder: &Folder) -> bool {
        match &self.place {
            Place::Exact { reference, folder: own } => {
                let pinned = reference.as_ref().and_then(|name| name.as_str().parse::<Commit>().ok());
                own == folder && pinned.is_none_or(|pinned| pinned == *commit)
            }
            Place::Tree(steps) => {
                let below: Vec<&str> = folder.steps().collect();
                steps.len() > below.len() && steps.iter().rev().zip(below.iter().rev()).all(|(a, b)| a == b)
            }
        }
    }

    fn from_scp(text: &str, login: &str, path: &str) -> Result<Self, SourceError> {
        let (user, host) = login.split_once('@').unwrap_or(("git", login));
        let (path, fragment) = split_fragment(path);
        if path.trim_matches('/').is_empty() {
            return Err(bad(text, BadUrl::NoRepository));
        }
        Ok(Self {
            written: text.to_owned(),
            remote: Remote {
                url: format!("{login}:{path}"),
                transport: Transport::Ssh,
                host: host.to_owned(),
                login: Some(Login {
                    user: Secret::new(user),
                    password: None,
                }),
            },
            place: Place::of_fragment(fragment)?,
        })
    }

    fn from_url(text: &str, settings: &SourceSettings) -> Result<Self, SourceError> {
        let (base, fragment) = split_fragment(text);
        if base.contains([' ', '\\']) {
            return Err(bad(text, BadUrl::Syntax("it has a space or a backslash".to_owned())));
        }
        let mut url = Url::parse(base).map_err(|e| bad(text, BadUrl::Syntax(e.to_string())))?;
        if url.query().is_some() {
            return Err(bad(text, BadUrl::Query));
        }
        let transport = transport(&url).map_err(|reason| bad(text, reason))?;
        if transport == Transport::Http && base.split_once("://").is_some_and(|(_, rest)| rest.starts_with('/')) {
            // It would be read past them, and whoever looks for a login before the first slash finds none.
            let reason = "it has more than two slashes before its host".to_owned();
            return Err(bad(text, BadUrl::Syntax(reason)));
        }
        let login = take_login(&mut url, transport).map_err(|reason| bad(text, reason))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if transport == Transport::Http && settings.is_github(&host, url.port()) {
            return Self::from_github(text, &url, host, login, fragment);
        }
        let path = url.path().trim_end_matches('/');
        if path.is_empty() {
            return Err(bad(text, BadUrl::NoRepository));
        }
        if let Some((repository, rest)) = path.split_once("/-/tree/") {
            let (reference, folder) = rest.split_once('/').unwrap_or((rest, ""));
            let colon = if folder.is_empty() { "" } else { ":" };
            let host = url.authority();
            let instead = format!("{}://{host}{repository}.git#{reference}{colon}{folder}", url.scheme());
            return Err(bad(text, BadUrl::GitLabPage(shown_on_one_line(&instead))));
        }
        let length = url.as_str().trim_end_matches('/').len();
        Ok(Self {
            written: written(text, transport, login.as_ref(), url.username()),
            remote: Remote {
                url: url.as_str().get(..length).unwrap_or_default().to_owned(),
                transport,
                host,
                login,
            },
            place: Place::of_fragment(fragment)?,
        })
    }

    fn from_github(
        text: &str,
        url: &Url,
        host: String,
        login: Option<Login>,
        fragment: Option<&str>,
    ) -> Result<Self, SourceError> {
        let decoded = url.path_segments().into_iter().flatten().map(decode);
        let mut steps: Vec<String> = decoded
            .collect::<Option<_>>()
            .ok_or_else(|| bad(text, BadUrl::Syntax("its path is not UTF-8".to_owned())))?;
        if steps.last().is_some_and(String::is_empty) {
            steps.pop();
        }
        let mut encoded = url.path_segments().into_iter().flatten();
        let (Some(owner), Some(repository)) = (encoded.next(), encoded.next()) else {
            return Err(bad(text, BadUrl::NoRepository));
        };
        if owner.is_empty() || repository.is_empty() {
            return Err(bad(text, BadUrl::NoRepository));
        }
        // GitHub sends from this one to the other, and redirects to another host are not followed.
        let authority = url.authority();
        let authority = if authority == "www.github.com" {
            "github.com"
        } else {
            authority
        };
        let rest = steps.get(2..).unwrap_or_default();
        let place = match (rest.split_first(), fragment) {
            (None, fragment) => Place::of_fragment(fragment)?,
            (Some((word, tree)), None) if word == "tree" && !tree.is_empty() => Place::of_tree(tree)
                .ok_or_else(|| bad(text, BadUrl::Syntax("what follows `/tree/` is no path".to_owned())))?,
            (Some((word, _)), None) if word == "blob" => return Err(bad(text, BadUrl::FilePage)),
            (Some((word, _)), Some(_)) if word == "tree" => return Err(bad(text, BadUrl::TreeAndFragment)),
            (Some(_), _) => return Err(bad(text, BadUrl::OtherPage)),
        };
        Ok(Self {
            written: written(text, Transport::Http, login.as_ref(), ""),
            remote: Remote {
                url: format!("{}://{authority}/{owner}/{repository}", url.scheme()),
                transport: Transport::Http,
                host: host
                    .strip_prefix("www.")
                    .filter(|bare| *bare == authority)
                    .unwrap_or(&host)
                    .to_owned(),
                login,
            },
            place,
        })
    }
}

fn bad(text: &str, reason: BadUrl) -> SourceError {
    SourceError::Url {
        written: shown_on_one_line(&without_login(text)),
        reason,
    }
}

fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// `git@host` and `org/repo` of `git@host:org/repo`.
fn as_scp(text: &str) -> Option<(&str, &str)> {
    let (login, path) = text.split_once(':')?;
    let (user, host) = login.split_once('@')?;
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    (is_word(user) && is_word(host)).then_some((login, path))
}

fn split_fragment(text: &str) -> (&str, Option<&str>) {
    match text.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (text, None),
    }
}

fn transport(url: &Url) -> Result<Transport, BadUrl> {
    let has_login = !url.username().is_empty() || url.password().is_some();
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(Transport::Http),
        ("http", Some(Host::Ipv4(address))) if address.is_loopback() => Ok(Transport::Http),
        ("http", Some(Host::Ipv6(address))) if address.is_loopback() => Ok(Transport::Http),
        ("http", _) => Err(BadUrl::PlainHttp),
        ("ssh", Some(_)) => Ok(Transport::Ssh),
        ("file", None) if !has_login => Ok(Transport::File),
        ("file", _) => Err(BadUrl::FileHost),
        ("https" | "ssh", None) => Err(BadUrl::NoRepository),
        (other, _) => Err(BadUrl::Scheme(shown_on_one_line(other))),
    }
}

/// Takes what stands before the `@` out of a URL; ssh keeps the user, without whom no server answers.
fn take_login(url: &mut Url, transport: Transport) -> Result<Option<Login>, BadUrl> {
    let decoded =
        |text: &str| decode(text).ok_or_else(|| BadUrl::Syntax("its user name or password is not UTF-8".to_owned()));
    let user = decoded(url.username())?;
    let password = url.password().map(decoded).transpose()?.map(Secret::new);
    // These fail only for URLs that cannot have a login at all, which then have none.
    let _ = url.set_password(None);
    if transport != Transport::Ssh {
        let _ = url.set_username("");
    }
    Ok((!user.is_empty() || password.is_some()).then(|| Login {
        user: Secret::new(user),
        password,
    }))
}

/// The text as it may be kept and shown: for ssh with the user, encoded as in a URL, without a password in any case.
fn written(text: &str, transport: Transport, login: Option<&Login>, user: &str) -> String {
    if login.is_none() {
        return text.to_owned();
    }
    let (base, fragment) = split_fragment(text);
    let mut kept = without_authority_login(base);
    if transport == Transport::Ssh
        && let Some((scheme, rest)) = kept.split_once("://")
    {
        kept = format!("{scheme}://{user}@{rest}");
    }
    match fragment {
        Some(fragment) => format!("{kept}#{fragment}"),
        None => kept,
    }
}

/// A well-made URL without what stands before the `@` of its host.
fn without_authority_login(base: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://") else {
        return base.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_login, host)| host);
    format!("{scheme}://{host}{path}")
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex_digits = after.get(..2).filter(|_| *first == b'%');
        let mut byte = [0; 1];
        match hex_digits.map(|digits| hex::decode_to_slice(digits, &mut byte)) {
            Some(Ok(())) => {
                bytes.extend(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            Some(Err(_)) | None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::source::place::RefName;

    fn parse(text: &str) -> Result<GitSource, SourceError> {
        let settings =
            SourceSettings::with_github_hosts(vec!["git.example.com".to_owned(), "127.0.0.1:8080".to_owned()]);
        GitSource::parse(text, &settings).map(|found| found.unwrap_or_else(|| panic!("{text} is not read as a URL")))
    }

    fn exact(reference: Option<&str>, folder: &str) -> Place {
        Place::Exact {
            reference: reference.map(|name| name.parse().unwrap()),
            folder: folder.parse().unwrap(),
        }
    }

    fn tree(steps: &[&str]) -> Place {
        Place::Tree(steps.iter().map(|step| (*step).to_owned()).collect())
    }

    #[test]
    fn every_written_form_gives_its_repository_and_place() {
        for (text, url, place) in [
            (
                "https://github.com/org/repo",
                "https://github.com/org/repo",
                exact(None, ""),
            ),
            (
                "https://github.com/org/repo/",
                "https://github.com/org/repo",
                exact(None, ""),
            ),
            (
                "https://github.com/org/repo#v1",
                "https://github.com/org/repo",
                exact(Some("v1"), ""),
            ),
            (
                "https://github.com/org/repo/tree/main",
                "https://github.com/org/repo",
                tree(&["main"]),
            ),
            (
                "https://github.com/org/repo/tree/feat/x%23y/tools/sl%C3%A4ck/",
                "https://github.com/org/repo",
                tree(&["feat", "x#y", "tools", "släck"]),
            ),
            (
                "https://git.example.com/a/b/tree/v1/t",
                "https://git.example.com/a/b",
                tree(&["v1", "t"]),
            ),
            (
                "http://127.0.0.1:8080/a/b/tree/v1/t",
                "http://127.0.0.1:8080/a/b",
                tree(&["v1", "t"]),
            ),
            (
                "https://host/any.git#a/b:c/d/",
                "https://host/any.git",
                exact(Some("a/b"), "c/d"),
            ),
            ("https://host/any.git#:c", "https://host/any.git", exact(None, "c")),
            (
                "http://127.0.0.1:1/any.git",
                "http://127.0.0.1:1/any.git",
                exact(None, ""),
            ),
            ("http://[::1]:1/any.git", "http://[::1]:1/any.git", exact(None, "")),
            (
                "ssh://git@host:22/x.git#v1:t",
                "ssh://git@host:22/x.git",
                exact(Some("v1"), "t"),
            ),
            ("git@host:org/repo#v1:t", "git@host:org/repo", exact(Some("v1"), "t")),
            (
                "file:///srv/x.git#main:t",
                "file:///srv/x.git",
                exact(Some("main"), "t"),
            ),
        ] {
            let source = parse(text).unwrap();
            assert_eq!(source.written, text);
            assert_eq!(source.remote.url, url, "{text}");
            assert_eq!(source.place, place, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_with_a_reason_and_a_hint() {
        let refused = |text: &str| match parse(text) {
            Err(SourceError::Url { reason, .. }) => reason,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(refused("http://github.com/org/repo"), BadUrl::PlainHttp);
        assert_eq!(refused("http://localhost/x.git"), BadUrl::PlainHttp);
        assert_eq!(refused("git://host/x"), BadUrl::Scheme("git".to_owned()));
        assert_eq!(refused("ext+sh://y/z"), BadUrl::Scheme("ext+sh".to_owned()));
        assert_eq!(refused("https://github.com/org"), BadUrl::NoRepository);
        assert_eq!(refused("https://host/"), BadUrl::NoRepository);
        assert_eq!(refused("https://github.com/org/repo/blob/main/x"), BadUrl::FilePage);
        assert_eq!(refused("https://github.com/org/repo/issues"), BadUrl::OtherPage);
        assert_eq!(refused("https://github.com/org/repo/tree"), BadUrl::OtherPage);
        assert_eq!(refused("https://github.com/org/repo/tree/a#b"), BadUrl::TreeAndFragment);
        assert_eq!(refused("https://github.com/org/repo?tab=x"), BadUrl::Query);
        assert_eq!(refused("file://host/x"), BadUrl::FileHost);
        assert_eq!(
            refused("https://gitlab.com/o/r/-/tree/main/t"),
            BadUrl::GitLabPage("https://gitlab.com/o/r.git#main:t".to_owned())
        );
        assert!(matches!(
            refused("https://github.com/o/r/tree/a/..%2f../b"),
            BadUrl::Syntax(_)
        ));
        assert!(matches!(refused("https:///"), BadUrl::Syntax(_)));
    }

    #[test]
    fn refs_and_folders_that_git_does_not_have_are_refused() {
        for name in [
            "", "-x", "a..b", "a b", "a:b", "a^", "x.lock", ".a", "a//b", "/a", "a/", "@", "a@{1}", "a\u{7f}",
        ] {
            assert!(name.parse::<RefName>().is_err(), "{name}");
        }
        for name in ["/", "/a", "a//b", "../a", "a/..", ".", "a\\b", "a\u{202e}"] {
            assert!(name.parse::<Folder>().is_err(), "{name}");
        }
        assert!(parse("https://host/x#").is_err());
        assert!(parse("https://host/x#a b").is_err());
        assert!(parse("https://host/x#a:../b").is_err());
    }

    #[test]
    fn a_password_is_kept_for_fetching_and_shown_nowhere() {
        let planted = "pl4nted%2Fs3cret";
        for (text, written) in [
            (
                format!("https://user:{planted}@host/x.git#v1:a@b"),
                "https://host/x.git#v1:a@b",
            ),
            (
                format!("https://{planted}@github.com/o/r/tree/main/t"),
                "https://github.com/o/r/tree/main/t",
            ),
            (format!("ssh://git:{planted}@host/x.git"), "ssh://git@host/x.git"),
            (
                format!("ssh://us%2Fer:{planted}@host/x.git"),
                "ssh://us%2Fer@host/x.git",
            ),
        ] {
            let source = parse(&text).unwrap();
            assert_eq!(source.written, written);
            assert!(!format!("{source:?}").contains("s3cret"), "{source:?}");
            let login = source.remote.login.unwrap();
            let secret = login.password.as_ref().unwrap_or(&login.user);
            assert_eq!(secret.expose(), "pl4nted/s3cret");
        }
        for text in [
            format!("https://user:{planted}@host:port/x"),
            format!("https://user:{planted}/more@ho st/x"),
            format!("http://user:{planted}@host/x"),
            format!("gopher://user:{planted}@host/x"),
            format!("https://user:{planted}@host/x?q"),
            format!("https:///user:{planted}@host/x"),
            format!("https://%ff:{planted}@host/x"),
            format!("https://:%ff{planted}@host/x"),
            format!("https://user:{planted}@host/x/-/tree/y"),
        ] {
            let error = parse(&text).unwrap_err();
            let told = format!("{error} {error:?} {:?}", error.hints());
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn a_lockfile_cannot_point_a_source_at_another_folder() {
        let commit = Commit::from_bytes([7; 20]);
        let folder = |text: &str| text.parse::<Folder>().unwrap();
        let tree = parse("https://github.com/o/r/tree/feat/x/tools/a").unwrap();
        assert!(tree.may_mean(&commit, &folder("tools/a")));
        assert!(tree.may_mean(&commit, &folder("x/tools/a")));
        assert!(!tree.may_mean(&commit, &folder("feat/x/tools/a")));
        assert!(!tree.may_mean(&commit, &folder("tools/b")));
        let exact = parse("https://host/x#main:t").unwrap();
        assert!(exact.may_mean(&commit, &folder("t")));
        assert!(!exact.may_mean(&commit, &folder("")));
        let pinned = parse(&format!("https://host/x#{}", Commit::from_bytes([8; 20]))).unwrap();
        assert!(!pinned.may_mean(&commit, &folder("")));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC*") {
            let _ = GitSource::parse(&text, &SourceSettings::default());
            let _ = GitSource::parse(&format!("https://github.com/{text}"), &SourceSettings::default());
        }

        #[test]
        fn what_is_written_reads_back_the_same(reference in "[a-z]{1,8}(/[a-z]{1,8})?", folder in "([a-z]{1,8}(/[a-z]{1,8})?)?") {
            let source = parse(&format!("https://host/x.git#{reference}:{folder}")).unwrap();
            proptest::prop_assert_eq!(parse(&source.written).unwrap(), source);
        }
    }
}
