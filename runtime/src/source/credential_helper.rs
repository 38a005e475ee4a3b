//! Asks git itself for what its credential helpers have.
//!
//! `git credential fill` (git-credential(1)) is git's own reading of its settings. libgit2's runs the helpers with every variable of
//! this process; the store's key and clients' secrets may be among ours.

use std::{
    ffi::OsString,
    io::{Read as _, Write as _},
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    base::secret::Secret,
    source::{awaited::Awaited, remote::Login},
};

/// More than any user's name and password need.
const LONGEST: u64 = 64 << 10;
/// How often it is asked whether anybody still waits.
const LOOK: Duration = Duration::from_millis(50);

/// How git is asked.
pub(super) struct CredentialHelper<'a> {
    /// An empty folder of ours, so that git reads the settings of no repository: not even of the one that is fetched, which lies where
    /// a process that runs guests may write.
    pub(super) git_dir: &'a Path,
    /// The names of variables that git does not get.
    pub(super) withheld: &'a [OsString],
}

impl CredentialHelper<'_> {
    /// What git has for a URL, and for this user if one is given. Git asks nobody, and ends with `fetch`. `go_on` tells whether to
    /// wait longer.
    pub(super) fn ask(
        &self,
        url: &str,
        user: Option<&Secret>,
        fetch: &Awaited,
        go_on: impl Fn() -> bool,
    ) -> Option<Login> {
        let question = question(url, user)?;
        let (to, from) = match fetch.start(&mut self.command()) {
            Ok(pipes) => pipes,
            Err(error) => {
                tracing::debug!(%error, "git cannot be run, so none of its credential helpers is asked");
                return None;
            }
        };
        let answer = talk(to, from, &question, &go_on);
        if answer.is_none() {
            fetch.stop();
        }
        let ended = fetch.ended(go_on).ok()?;
        if !ended.success() {
            tracing::debug!(%ended, "git's credential helpers have nothing");
            return None;
        }
        login(&answer?)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command
            .args(["credential", "fill"])
            .current_dir(self.git_dir)
            .env("GIT_DIR", self.git_dir)
            // Neither a terminal nor a window: what cannot be had without asking is not had.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .stderr(Stdio::null());
        for name in self.withheld {
            command.env_remove(name);
        }
        command
    }
}

/// What git is asked, by attributes. `None` for a URL that cannot be said in lines.
fn question(url: &str, user: Option<&Secret>) -> Option<Zeroizing<String>> {
    let url = url::Url::parse(url).ok()?;
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let mut lines = vec![
        format!("protocol={}", url.scheme()),
        format!("host={host}"),
        format!("path={}", url.path().trim_start_matches('/')),
    ];
    if let Some(user) = user {
        lines.push(format!("username={}", user.expose()));
    }
    let lines = Zeroizing::new(lines);
    if lines.iter().any(|line| line.contains(['\n', '\r', '\0'])) {
        return None;
    }
    Some(Zeroizing::new(format!("{}\n\n", lines.join("\n"))))
}

/// Hands the question over and reads the answer; `None` where nobody waits for it any more.
fn talk(mut to: ChildStdin, from: ChildStdout, question: &str, go_on: impl Fn() -> bool) -> Option<Zeroizing<Vec<u8>>> {
    // Git that does not read it says so by its exit code.
    let _ = to.write_all(question.as_bytes());
    drop(to);
    let (give, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = from.take(LONGEST).read_to_end(&mut bytes);
        // Nobody waits for it any more.
        let _ = give.send(read.is_ok().then_some(bytes));
    });
    loop {
        match answer.recv_timeout(LOOK) {
            Ok(answer) => return answer,
            Err(mpsc::RecvTimeoutError::Timeout) if go_on() => {}
            Err(_no_longer) => return None,
        }
    }
}

fn login(answer: &[u8]) -> Option<Login> {
    let text = std::str::from_utf8(answer).ok()?;
    let value = |key: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    Some(Login {
        user: Secret::new(value("username")?),
        password: Some(Secret::new(value("password")?)),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn git_is_asked_by_attributes_and_never_in_more_lines_than_meant() {
        let asked = |url: &str| question(url, None).map(|asked| asked.to_string());
        let expected = "protocol=https\nhost=host:8443\npath=a/b.git\n\n";
        assert_eq!(asked("https://host:8443/a/b.git").as_deref(), Some(expected));
        let hidden = asked("https://host/a%0Ahost=evil").unwrap();
        assert!(hidden.contains("path=a%0Ahost=evil\n"), "{hidden}");
        assert_eq!(asked("no url"), None);
        let user = Secret::new("me\nhost=evil");
        assert!(question("https://host/a", Some(&user)).is_none());
        let user = Secret::new("me");
        let named = question("https://host/a", Some(&user)).unwrap();
        assert!(named.ends_with("\nusername=me\n\n"));
    }

    #[test]
    fn an_answer_needs_a_user_and_a_password() {
        let read = login(b"protocol=https\nhost=h\nusername=me\npassword=a=b c\nquit=0\n").unwrap();
        assert_eq!(read.user.expose(), "me");
        assert_eq!(read.password.unwrap().expose(), "a=b c");
        assert!(login(b"username=me\n").is_none());
        assert!(login(b"usernames=me\npassword=x\n").is_none());
        assert!(login(b"\xff").is_none());
    }

    /// A repository whose helper is this line of a shell.
    fn repository(helper: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(folder.path()).unwrap();
        repository
            .config()
            .unwrap()
            .set_str("credential.helper", helper)
            .unwrap();
        folder
    }

    #[test]
    fn a_helper_is_asked_and_what_it_says_is_taken() {
        let folder = repository("!f() { cat > /dev/null; echo username=me; echo password=planted; }; f");
        let helper = CredentialHelper {
            git_dir: folder.path(),
            withheld: &[],
        };
        let found = helper
            .ask("https://host.example/a", None, &Awaited::default(), || true)
            .unwrap();
        assert_eq!(found.password.unwrap().expose(), "planted");
    }

    #[test]
    fn a_helper_that_never_answers_is_left_once_nobody_waits() {
        let folder = repository("!sleep 600");
        let helper = CredentialHelper {
            git_dir: folder.path(),
            withheld: &[],
        };
        assert!(
            helper
                .ask("https://host.example/a", None, &Awaited::default(), || false)
                .is_none()
        );
    }

    #[test]
    fn git_that_would_have_to_ask_somebody_has_nothing() {
        let folder = repository("");
        let helper = CredentialHelper {
            git_dir: folder.path(),
            withheld: &[],
        };
        assert!(
            helper
                .ask("https://host.example/a", None, &Awaited::default(), || true)
                .is_none()
        );
    }
    #[test]
    fn nothing_is_asked_for_a_fetch_that_is_over() {
        let folder = repository("!f() { cat > /dev/null; echo username=me; echo password=planted; }; f");
        let helper = CredentialHelper {
            git_dir: folder.path(),
            withheld: &[],
        };
        let fetch = Awaited::default();
        fetch.end();
        assert!(helper.ask("https://host.example/a", None, &fetch, || true).is_none());
    }
}
