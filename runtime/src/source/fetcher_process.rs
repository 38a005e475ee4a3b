//! Asks git servers in a process of its own.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    base::{
        child_process::{ChildProcess, StartChild},
        code::Code,
        home::Home,
        net::NetSettings,
        proxy::ProxySettings,
        secret::{Secret, SecretBytes},
    },
    source::{
        Commit, Fetcher, Folder, GitSource, PinnedSource, Progress, Reference, Source, SourceError, SourceSettings,
        remote::Login,
    },
};

/// What is read of a task, in bytes: more than any needs, with the certificates of an operator's CA in it.
const LONGEST: usize = 16 << 20;
/// What is read of all that is told while it fetches, in bytes: a line for each object of the largest fetch.
const ALL_THAT_IS_TOLD: u64 = 64 << 20;

/// A program that brings one git source into the cache and ends: git, ssh and what they start run beside it, and not beside a guest.
///
/// It is trusted as this process is.
#[derive(Debug, Clone)]
pub struct FetcherProcess {
    starter: Arc<dyn StartChild>,
    sources: SourceSettings,
}

/// What the process is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    /// The source, without a password.
    written: String,
    #[serde(with = "in_hex")]
    user: Option<Secret>,
    #[serde(with = "in_hex")]
    password: Option<Secret>,
    github_hosts: Vec<String>,
    ca_pem: Option<Vec<u8>>,
    proxy: Option<ProxyTask>,
    /// Names of variables that no program it starts gets.
    withheld: Vec<OsString>,
    /// The commit and folder, where the source was pinned.
    pinned: Option<(String, String)>,
}

/// The operator's proxy. Names are git's to give it, so nothing says whether it wants them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyTask {
    /// With the login.
    #[serde(with = "in_hex")]
    url: Option<Secret>,
    inner: bool,
    direct: Vec<String>,
}

/// What the process tells, a line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Told {
    Begun(String),
    Received {
        done: usize,
        total: usize,
        bytes: usize,
    },
    Found {
        commit: String,
        folder: String,
    },
    Failed {
        code: String,
        message: String,
        hints: Vec<String>,
    },
}

/// What may be fetched for a process that runs guests: decided before it runs any, and held by who starts the fetching processes, since
/// git servers are asked with what git knows of this user.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FetchScope {
    tasks: Vec<Task>,
}

impl FetchScope {
    /// These sources, asked for as these settings have it.
    #[must_use]
    pub fn of(sources: &[GitSource], settings: &SourceSettings, net: &NetSettings, withheld: &[OsString]) -> Self {
        let task = |source| Task::of(source, None, settings, net, withheld);
        Self {
            tasks: sources.iter().map(task).collect(),
        }
    }

    /// The task to hand on where this one was asked for: nothing of what was asked counts but which source, and what it was pinned to.
    ///
    /// # Errors
    /// With what to tell who asked, a line.
    pub fn admit(&self, asked: &[u8]) -> Result<SecretBytes, Vec<u8>> {
        let admitted = serde_json::from_slice(asked).ok().and_then(|asked: Task| {
            let known = self.tasks.iter().find(|task| task.written == asked.written)?;
            let task = Task {
                pinned: asked.pinned,
                ..known.clone()
            };
            line(&task).ok()
        });
        admitted.ok_or_else(|| {
            let refused = Told::Failed {
                code: Code::Denied.as_str().to_owned(),
                message: "this process was started to fetch other sources".to_owned(),
                hints: vec!["`pocket add` or `pocket update` fetch any, without `--harden`".to_owned()],
            };
            // It is text alone, which can always be written.
            line(&refused).map(|line| line.expose().to_vec()).unwrap_or_default()
        })
    }
}

impl FetcherProcess {
    /// A program that calls [`fetch_for_parent`] once it is started. It has to be of the very version of this library, and
    /// reads sources as these settings have it.
    #[must_use]
    pub fn started_by(starter: Arc<dyn StartChild>, sources: SourceSettings) -> Self {
        Self { starter, sources }
    }

    /// What a source stands for, once it is in the cache. Dropping the future ends the process.
    pub(super) async fn fetch(
        &self,
        source: &GitSource,
        pinned: Option<(Commit, Folder)>,
        net: &NetSettings,
        withheld: &[OsString],
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<(Commit, Folder), SourceError> {
        let _telling = progress.as_ref().map(|progress| Telling(Arc::clone(progress)));
        let task =
            line(&Task::of(source, pinned, &self.sources, net, withheld)).map_err(SourceError::FetcherNotStarted)?;
        let ChildProcess {
            mut input,
            output,
            words,
            ended,
        } = self.starter.start().map_err(SourceError::FetcherNotStarted)?;
        let mut lines = tokio::io::BufReader::new(output.take(ALL_THAT_IS_TOLD)).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.map_err(SourceError::FetcherNotStarted)? {
                match read(&line)? {
                    Told::Found { commit, folder } => return Ok((commit.parse()?, folder.parse()?)),
                    Told::Failed { code, message, hints } => {
                        let code = Code::of_word(&code).unwrap_or(Code::Internal);
                        return Err(SourceError::Elsewhere { message, code, hints });
                    }
                    Told::Begun(url) => progress.iter().for_each(|progress| progress.begun(&url)),
                    Told::Received { done, total, bytes } => {
                        progress
                            .iter()
                            .for_each(|progress| progress.received(done, total, bytes));
                    }
                }
            }
            Err(SourceError::FetcherNotStarted(io::ErrorKind::UnexpectedEof.into()))
        };
        // One that dies before it read everything is told by its silence.
        let telling = async {
            let _told = input.write_all(task.expose()).await;
            let _told = input.shutdown().await;
        };
        // What it says there is for whoever reads along. All of it is read, so that it never waits for a full pipe.
        let mut lines = tokio::io::BufReader::new(words).lines();
        let reading = async {
            while let Ok(Some(line)) = lines.next_line().await {
                tracing::debug!(%line, "the fetching process says");
            }
        };
        let ((), (), found) = tokio::join!(telling, reading, listening);
        let _ended = ended.await;
        found
    }
}

/// Tells that nobody waits any more, however the fetch ended.
struct Telling(Arc<dyn Progress>);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.ended();
    }
}

impl Task {
    fn of(
        source: &GitSource,
        pinned: Option<(Commit, Folder)>,
        settings: &SourceSettings,
        net: &NetSettings,
        withheld: &[OsString],
    ) -> Self {
        let login = source.remote.login.as_ref();
        Self {
            written: source.written.clone(),
            user: login.map(|login| login.user.clone()),
            password: login.and_then(|login| login.password.clone()),
            github_hosts: settings.github_hosts().to_vec(),
            ca_pem: net.ca_pem.clone(),
            proxy: net.proxy.as_ref().map(|proxy| ProxyTask {
                url: Some(Secret::new(proxy.url_with_login().as_str())),
                inner: proxy.inner,
                direct: proxy.direct().iter().map(ToString::to_string).collect(),
            }),
            withheld: withheld.to_vec(),
            pinned: pinned.map(|(commit, folder)| (commit.to_string(), folder.to_string())),
        }
    }

    fn proxy(&self) -> Result<Option<ProxySettings>, SourceError> {
        let Some(ProxyTask {
            url: Some(url),
            inner,
            direct,
        }) = &self.proxy
        else {
            return Ok(None);
        };
        let made =
            ProxySettings::new(url.expose()).and_then(|proxy| proxy.with_direct(direct.iter().map(String::as_str)));
        let mut proxy = made.map_err(|error| SourceError::FetcherNotStarted(io::Error::other(error)))?;
        proxy.inner = *inner;
        Ok(Some(proxy))
    }

    fn source(&self) -> Result<GitSource, SourceError> {
        let settings = SourceSettings::with_github_hosts(self.github_hosts.clone());
        let parsed = Reference::parse(&self.written, Path::new("/"), &settings)?;
        let Reference::Source(Source::Git(mut source)) = parsed else {
            return Err(SourceError::Neither(self.written.clone()));
        };
        source.remote.login = self.user.clone().map(|user| Login {
            user,
            password: self.password.clone(),
        });
        Ok(source)
    }
}

/// What the program of a [`FetcherProcess`] does: reads from its stdin what to fetch, brings it into the cache in `home`, and tells
/// on its stdout how that goes and how it ended, which is no error.
///
/// # Errors
/// When what it is told cannot be read, or nobody listens.
pub async fn fetch_for_parent(home: &Home, input: impl Read, output: impl Write + Send + 'static) -> io::Result<()> {
    let text = SecretBytes::read_line(input, LONGEST)?;
    // What was wrong with it is not said, which might be a word of it.
    let task: Task = serde_json::from_slice(text.expose())
        .map_err(|_wrong| io::Error::new(io::ErrorKind::InvalidData, "what is to be fetched cannot be read"))?;
    drop(text);
    let output = Arc::new(Output(Mutex::new(output)));
    let ended = match fetch(home, &task, Arc::clone(&output) as _).await {
        Ok((commit, folder)) => Told::Found {
            commit: commit.to_string(),
            folder: folder.to_string(),
        },
        Err(error) => Told::Failed {
            code: error.code().as_str().to_owned(),
            message: in_words(&error),
            hints: error.hints(),
        },
    };
    output.tell(&ended)
}

async fn fetch(home: &Home, task: &Task, progress: Arc<dyn Progress>) -> Result<(Commit, Folder), SourceError> {
    let source = task.source()?;
    let net = NetSettings {
        ca_pem: task.ca_pem.clone(),
        proxy: task.proxy()?,
        ..NetSettings::default()
    };
    let fetcher = Fetcher::withholding(home, &net, &task.withheld)?.in_this_group();
    let fetched = match &task.pinned {
        None => fetcher.fetch(&Source::Git(source), Some(progress)).await?,
        Some((commit, folder)) => {
            let pinned = PinnedSource::Git {
                source,
                commit: commit.parse()?,
                folder: folder.parse()?,
            };
            fetcher.open(&pinned, Some(progress)).await?
        }
    };
    match fetched.source {
        PinnedSource::Git { commit, folder, .. } => Ok((commit, folder)),
        PinnedSource::Path(path) => Err(SourceError::Neither(path.written)),
    }
}

/// An error with its causes.
fn in_words(error: &SourceError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}

/// Where it is told; threads of git tell too.
struct Output<W>(Mutex<W>);

impl<W: Write> Output<W> {
    fn tell(&self, told: &Told) -> io::Result<()> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(line(told)?.expose())?;
        output.flush()
    }

    /// A step that cannot be told is not worth ending the fetch for.
    fn tell_if_it_can_be(&self, told: &Told) {
        if let Err(error) = self.tell(told) {
            tracing::debug!(%error, "nobody listens to how the fetch goes");
        }
    }
}

impl<W: Write + Send> Progress for Output<W> {
    fn received(&self, done: usize, total: usize, bytes: usize) {
        self.tell_if_it_can_be(&Told::Received { done, total, bytes });
    }

    fn begun(&self, url: &str) {
        self.tell_if_it_can_be(&Told::Begun(url.to_owned()));
    }
}

fn line(value: &impl Serialize) -> io::Result<SecretBytes> {
    let mut line = SecretBytes::json(value)?;
    line.push(b"\n");
    Ok(line)
}

/// A secret in JSON: in digits, none of which is ever escaped, since whoever reads JSON undoes that in memory that nobody wipes.
mod in_hex {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};
    use zeroize::Zeroizing;

    use super::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = secret
            .as_ref()
            .map(|secret| Zeroizing::new(hex::encode(secret.expose())));
        digits.as_ref().map(|digits| digits.as_str()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
        let digits = Option::<Secret>::deserialize(deserializer)?;
        let read = |digits: Secret| {
            let bytes = Zeroizing::new(hex::decode(digits.expose()).ok()?);
            std::str::from_utf8(&bytes).map(Secret::new).ok()
        };
        let secret = digits.map(|digits| read(digits).ok_or_else(|| D::Error::custom("no text in hex")));
        secret.transpose()
    }
}

fn read(line: &str) -> Result<Told, SourceError> {
    serde_json::from_str(line).map_err(|error| SourceError::FetcherNotStarted(error.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn source(text: &str) -> GitSource {
        match Reference::parse(text, Path::new("/"), &SourceSettings::default()).unwrap() {
            Reference::Source(Source::Git(source)) => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_was_in_the_scope_is_fetched_and_only_as_it_was() {
        let settings = SourceSettings::default();
        let (net, with_ca) = (
            NetSettings::default(),
            NetSettings {
                ca_pem: Some(b"another".to_vec()),
                ..NetSettings::default()
            },
        );
        let known = source("https://me:planted@host.example/a#main:tool");
        let scope = FetchScope::of(std::slice::from_ref(&known), &settings, &net, &["POCKET_X".into()]);
        let scope: FetchScope = serde_json::from_slice(&serde_json::to_vec(&scope).unwrap()).unwrap();
        let other_login = source("https://her:other@host.example/a#main:tool");
        let asked = line(&Task::of(&other_login, None, &settings, &with_ca, &[])).unwrap();
        let admitted: Task = serde_json::from_slice(scope.admit(asked.expose()).unwrap().expose()).unwrap();
        assert_eq!(admitted.written, known.written);
        assert_eq!(
            (admitted.user, admitted.password),
            (Some(Secret::new("me")), Some(Secret::new("planted")))
        );
        assert_eq!((admitted.ca_pem, admitted.withheld.len()), (None, 1));
        for text in [
            "https://host.example/b#main:tool",
            "https://host.example/a",
            "https://other.example/a#main:tool",
            "file:///host.example/a#main:tool",
        ] {
            let asked = line(&Task::of(&source(text), None, &settings, &net, &[])).unwrap();
            let refusal = String::from_utf8(scope.admit(asked.expose()).unwrap_err()).unwrap();
            assert!(matches!(read(&refusal), Ok(Told::Failed { .. })), "{text}: {refusal}");
        }
        for rubbish in [&b""[..], b"\n", b"{}", b"null\n", &[0xff; 64]] {
            scope.admit(rubbish).unwrap_err();
        }
    }
    #[test]
    fn a_login_is_shown_nowhere_and_arrives_as_it_was() {
        // What JSON escapes, what it leaves, and a password that its URL writes in percent.
        for (written, user, password) in [
            ("pl4nted-user:pl4nted-word", "pl4nted-user", Some("pl4nted-word")),
            (
                "pl4nted-user:pl4nted%22%5C%0A%C3%A4",
                "pl4nted-user",
                Some("pl4nted\"\\\n\u{e4}"),
            ),
            ("pl4nted-token", "pl4nted-token", None),
        ] {
            let known = source(&format!("https://{written}@host.example/a#main:tool"));
            let (settings, net) = (SourceSettings::default(), NetSettings::default());
            let scope = FetchScope::of(std::slice::from_ref(&known), &settings, &net, &[]);
            let task = Task::of(&known, None, &settings, &net, &[]);
            let sent = line(&task).unwrap();
            let task_there: Task = serde_json::from_slice(sent.expose()).unwrap();
            let shown = format!("{task:?} {scope:?} {sent:?} {task_there:?}");
            assert!(
                !shown.contains("pl4nted") && !shown.contains(&hex::encode("pl4nted")),
                "{shown}"
            );
            let login = task_there.source().unwrap().remote.login.unwrap();
            assert_eq!(login.user.expose(), user);
            assert_eq!(login.password.as_ref().map(Secret::expose), password);
        }
        let rubbish = br#"{"written": "a", "user": {"pl4nted": 1}}"#;
        let error = serde_json::from_slice::<Task>(rubbish).unwrap_err();
        assert!(!error.to_string().contains("pl4nted"), "{error}");
    }
}
