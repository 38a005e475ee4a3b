//! A git repository on some server, as a URL without a password.

use crate::base::secret::Secret;

/// A git repository, and how to sign in to it where the URL said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// What git is given; no password, and no user either but for ssh.
    pub(super) url: String,
    /// How it is reached.
    pub(super) transport: Transport,
    /// The host's name, without a port; empty for a file.
    pub(super) host: String,
    /// What the URL had before its `@`.
    pub(super) login: Option<Login>,
}

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// https, or http to this machine.
    Http,
    /// ssh.
    Ssh,
    /// A folder of this machine.
    File,
}

/// Who signs in. The user's name is a secret too: many servers take a token in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: Secret,
    pub(super) password: Option<Secret>,
}

impl Remote {
    /// What to show of it in errors.
    pub(super) fn shown(&self) -> String {
        crate::base::text::shown_on_one_line(&self.url)
    }
}

/// A text that may be a URL with a password, with all that may be one cut out, whether or not it can be parsed.
pub(super) fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_login, after)) => format!("{scheme}://{after}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_before_the_last_at_sign_is_cut_out() {
        assert_eq!(without_login("https://u:p/w@d@host/x"), "https://host/x");
        assert_eq!(without_login("https://host/x"), "https://host/x");
        assert_eq!(without_login("git@host:x"), "git@host:x");
    }
}
