//! How a git server is spoken to: who signs in, when to stop, and what an error of git's means.

use std::{
    cell::Cell,
    ffi::OsString,
    sync::Arc,
    time::{Duration, Instant},
};

use git2::{Cred, CredentialType, ErrorClass, ErrorCode, ProxyOptions, RemoteCallbacks};

use crate::{
    base::{proxy::ProxySettings, text::shown_on_one_line},
    source::{
        Progress, SourceError,
        awaited::Awaited,
        credential_helper::CredentialHelper,
        remote::{Login, Remote, Transport, without_login},
    },
};

/// What one fetch may take at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct FetchLimits {
    /// Bytes received, and bytes written.
    pub(super) bytes: u64,
    /// Objects received, and files written.
    pub(super) objects: usize,
    /// From the beginning to the end.
    pub(super) time: Duration,
}

impl FetchLimits {
    /// How long another process's fetch from the same URL is waited for: it is told who is waited for before the time is over.
    pub(super) fn waiting(self) -> Duration {
        self.time / 4 * 3
    }
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            objects: 100_000,
            time: Duration::from_secs(120),
        }
    }
}

/// Watches over one fetch, and keeps why it was stopped: libgit2 itself tells only that it was.
pub(super) struct Watch {
    pub(super) limits: FetchLimits,
    deadline: Instant,
    awaited: Arc<Awaited>,
    progress: Option<Arc<dyn Progress>>,
    stopped: Cell<Option<Stop>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Bytes,
    Objects,
    Time,
    Cancelled,
    Auth,
}

impl Watch {
    pub(super) fn new(limits: FetchLimits, awaited: Arc<Awaited>, progress: Option<Arc<dyn Progress>>) -> Self {
        Self {
            limits,
            deadline: Instant::now() + limits.time,
            awaited,
            progress,
            stopped: Cell::new(None),
        }
    }

    /// Tells that the remote is asked from here on.
    pub(super) fn begin(&self, remote: &Remote) {
        if let Some(progress) = &self.progress {
            progress.begun(&remote.shown());
        }
    }

    /// Fails once the time is over or nobody waits any more.
    pub(super) fn check(&self, remote: &Remote) -> Result<(), SourceError> {
        if self.go_on() {
            Ok(())
        } else {
            Err(self
                .why(remote)
                .unwrap_or_else(|| SourceError::Cancelled(remote.shown())))
        }
    }

    fn go_on(&self) -> bool {
        if self.awaited.is_over() {
            self.stop(Stop::Cancelled)
        } else if Instant::now() > self.deadline {
            self.stop(Stop::Time)
        } else {
            true
        }
    }

    fn received(&self, progress: &git2::Progress<'_>) -> bool {
        let bytes = progress.received_bytes();
        if let Some(told) = &self.progress {
            told.received(progress.received_objects(), progress.total_objects(), bytes);
        }
        if bytes as u64 > self.limits.bytes {
            self.stop(Stop::Bytes)
        } else if progress.total_objects() > self.limits.objects {
            self.stop(Stop::Objects)
        } else {
            self.go_on()
        }
    }

    fn stop(&self, why: Stop) -> bool {
        self.stopped.set(Some(why));
        false
    }

    fn why(&self, remote: &Remote) -> Option<SourceError> {
        let url = remote.shown();
        Some(match self.stopped.get()? {
            Stop::Bytes => SourceError::TooLarge {
                url,
                limit: self.limits.bytes,
            },
            Stop::Objects => SourceError::TooManyObjects {
                url,
                limit: self.limits.objects,
            },
            Stop::Time => SourceError::TimedOut {
                url,
                limit: self.limits.time,
            },
            Stop::Cancelled => SourceError::Cancelled(url),
            Stop::Auth => SourceError::AuthNeeded {
                host: shown_on_one_line(&remote.host),
            },
        })
    }

    /// What an error of git's means.
    pub(super) fn explain(&self, error: &git2::Error, remote: &Remote) -> SourceError {
        if let Some(why) = self.why(remote) {
            return why;
        }
        let url = remote.shown();
        let host = shown_on_one_line(&remote.host);
        // The user's own git settings may put a password into the URL that git takes.
        let reason = shown_on_one_line(&without_login(error.message()));
        match (error.code(), error.class()) {
            (_, ErrorClass::Http) if reason.starts_with("proxy ") => SourceError::ThroughProxy { url, reason },
            (ErrorCode::Auth, _) => SourceError::AuthNeeded { host },
            (ErrorCode::Certificate, ErrorClass::Ssh) => SourceError::HostKey { host },
            (ErrorCode::Certificate, _) => SourceError::Certificate { host, reason },
            (ErrorCode::Timeout, _) => SourceError::TimedOut {
                url,
                limit: self.limits.time,
            },
            (ErrorCode::NotFound, _) if remote.transport == Transport::File => SourceError::NoRepository(url),
            (_, ErrorClass::Os) if reason.starts_with("failed to resolve path") => SourceError::NoRepository(url),
            (_, ErrorClass::Http) if reason.ends_with(" 404") => SourceError::NoRepository(url),
            (_, ErrorClass::Http) if reason.ends_with(" 401") || reason.ends_with(" 403") => {
                SourceError::AuthNeeded { host }
            }
            (_, ErrorClass::Ssh) if reason.contains("authenticat") || reason.contains("agent") => {
                SourceError::AuthNeeded { host }
            }
            _ if reason.starts_with("cannot redirect") => SourceError::Redirected { url, reason },
            _ => SourceError::Unreachable { url, reason },
        }
    }
}

/// One conversation with a server.
pub(super) struct Session<'a> {
    pub(super) remote: &'a Remote,
    pub(super) watch: &'a Watch,
    /// The URL that git takes: the remote's, but for what the user's own git settings make of it.
    pub(super) url: String,
    /// The names of variables that no program of git's gets.
    pub(super) withheld: &'a [OsString],
    /// The operator's, which git asks by the name of the host.
    pub(super) proxy: Option<&'a ProxySettings>,
}

/// What was already offered; a server that asks again did not take it.
#[derive(Default)]
struct Offered {
    login: bool,
    helper: bool,
    agent: bool,
}

impl Session<'_> {
    /// What git goes through. Git's own settings and the environment's variables name no proxy here.
    pub(super) fn through(&self) -> ProxyOptions<'static> {
        let mut options = ProxyOptions::new();
        let host = url::Url::parse(&self.url).ok().filter(|_| is_http(&self.url));
        let host = host.as_ref().and_then(url::Url::host_str).unwrap_or_default();
        if let Some(proxy) = self.proxy.filter(|proxy| !host.is_empty() && !proxy.is_direct(host)) {
            options.url(&proxy.url_with_login());
        }
        options
    }

    pub(super) fn callbacks(&self) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        let mut offered = Offered::default();
        callbacks.credentials(move |url, _user, allowed| {
            self.credential(&mut offered, url, allowed).ok_or_else(|| {
                self.watch.stop(Stop::Auth);
                git2::Error::from_str("nothing to sign in with")
            })
        });
        callbacks.transfer_progress(|progress| self.watch.received(&progress));
        callbacks.sideband_progress(|_text| self.watch.go_on());
        callbacks
    }

    fn credential(&self, offered: &mut Offered, url: &str, allowed: CredentialType) -> Option<Cred> {
        let login = self.remote.login.as_ref().filter(|_| self.url == self.remote.url);
        if is_http(&self.url) {
            let asked = allowed.contains(CredentialType::USER_PASS_PLAINTEXT) && same_origin(url, &self.url);
            return asked.then(|| self.http_credential(offered, login)).flatten();
        }
        let user = login.map_or("git", |login| login.user.expose());
        let user = if user.is_empty() { "git" } else { user };
        if allowed.contains(CredentialType::USERNAME) {
            return Cred::username(user).ok();
        }
        if allowed.contains(CredentialType::SSH_KEY) && !std::mem::replace(&mut offered.agent, true) {
            return Cred::ssh_key_from_agent(user).ok();
        }
        if allowed.contains(CredentialType::USER_PASS_PLAINTEXT) && !std::mem::replace(&mut offered.login, true) {
            let password = login.and_then(|login| login.password.as_ref())?;
            return Cred::userpass_plaintext(user, password.expose()).ok();
        }
        None
    }

    /// The URL's own password; else what git's credential helpers have; else the URL's user alone, which may be a token.
    fn http_credential(&self, offered: &mut Offered, login: Option<&Login>) -> Option<Cred> {
        if let Some(login) = login
            && let Some(password) = &login.password
            && !std::mem::replace(&mut offered.login, true)
        {
            return Cred::userpass_plaintext(login.user.expose(), password.expose()).ok();
        }
        if !std::mem::replace(&mut offered.helper, true) {
            let empty = tempfile::tempdir().ok()?;
            let helper = CredentialHelper {
                git_dir: empty.path(),
                withheld: self.withheld,
            };
            let user = login.map(|login| &login.user);
            let found = helper.ask(&self.url, user, &self.watch.awaited, || self.watch.go_on());
            if let Some(Login {
                user,
                password: Some(password),
            }) = found
            {
                return Cred::userpass_plaintext(user.expose(), password.expose()).ok();
            }
        }
        match login {
            Some(Login { user, password: None }) if !std::mem::replace(&mut offered.login, true) => {
                Cred::userpass_plaintext(user.expose(), "").ok()
            }
            Some(_) | None => None,
        }
    }
}

fn is_http(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Whether a credential for `ours` may go to `asking`: the same scheme, host and port.
fn same_origin(asking: &str, ours: &str) -> bool {
    match (url::Url::parse(asking), url::Url::parse(ours)) {
        (Ok(asking), Ok(ours)) => asking.origin() == ours.origin(),
        (Ok(_) | Err(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_goes_to_the_host_that_was_written_and_no_other() {
        assert!(same_origin("https://host/a/info/refs", "https://host/a.git"));
        assert!(same_origin("https://host:443/a", "https://HOST/a.git"));
        for other in [
            "http://host/a",
            "https://host:444/a",
            "https://host.evil/a",
            "https://evil/host",
            "host",
        ] {
            assert!(!same_origin(other, "https://host/a.git"), "{other}");
        }
    }

    #[test]
    fn errors_of_git_are_told_apart_and_shown_safely() {
        let remote = Remote {
            url: "https://host/x.git".to_owned(),
            transport: Transport::Http,
            host: "host".to_owned(),
            login: None,
        };
        let watch = Watch::new(FetchLimits::default(), Arc::default(), None);
        let explain = |code, class, message: &str| watch.explain(&git2::Error::new(code, class, message), &remote);
        use ErrorCode::GenericError;
        let missing = explain(GenericError, ErrorClass::Http, "unexpected http status code: 404");
        assert!(matches!(missing, SourceError::NoRepository(_)));
        let key = explain(ErrorCode::Certificate, ErrorClass::Ssh, "unknown host key");
        assert!(matches!(key, SourceError::HostKey { .. }));
        let tls = explain(ErrorCode::Certificate, ErrorClass::Ssl, "self signed");
        assert!(matches!(tls, SourceError::Certificate { .. }));
        let at_proxy = explain(
            ErrorCode::Auth,
            ErrorClass::Http,
            "proxy authentication required but no callback set",
        );
        assert!(matches!(at_proxy, SourceError::ThroughProxy { .. }));
        let moved = explain(GenericError, ErrorClass::Net, "cannot redirect from 'a' to 'b'");
        assert!(matches!(moved, SourceError::Redirected { .. }));
        let told = explain(
            GenericError,
            ErrorClass::Net,
            "cannot read 'https://user:pl4nted@host/x'",
        )
        .to_string();
        assert!(!told.contains("pl4nted"), "{told}");
        let said = explain(GenericError, ErrorClass::Net, "remote: \u{1b}[31mhello\n").to_string();
        assert!(said.contains("\\u{1b}[31mhello\\n"), "{said}");
    }
}
