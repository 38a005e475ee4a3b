//! The binary `pocket`, run as a user runs it.

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use crate::witness::Witness;

/// How long a command of a test may take before it counts as hanging.
const LONGEST: Duration = Duration::from_secs(120);

/// A project and a home of its own in which `pocket` is run, both deleted with it.
pub struct PocketCommand {
    /// Looks at the folder before that is deleted.
    witness: Arc<Witness>,
    folder: tempfile::TempDir,
    variables: Vec<(OsString, OsString)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

/// A command that still runs.
pub struct Running {
    witness: Arc<Witness>,
    child: Child,
    said: mpsc::Receiver<String>,
    so_far: String,
}

impl PocketCommand {
    /// An empty project and an empty home.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(folder.path().join("project")).expect("a folder can be made");
        Self {
            witness: Arc::new(Witness::of(folder.path())),
            folder,
            variables: Vec::new(),
        }
    }

    /// Runs with this variable set.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> &mut Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The project's folder, in which the command runs.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// What `HOME` says.
    pub fn user_home(&self) -> &Path {
        self.folder.path()
    }

    /// Where it keeps things.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
        if name == ".secrets.toml" {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode can be set");
        }
        self
    }

    /// Runs it to its end, with nothing on stdin.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        self.run_with_input(args, "")
    }

    /// Runs it to its end with this on stdin.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &str) -> Ended {
        self.run_to_end(&mut self.command(args), input)
    }

    /// Runs it to its end in another folder than the project's.
    pub fn run_in<S: AsRef<OsStr>>(&self, folder: &Path, args: impl IntoIterator<Item = S>) -> Ended {
        self.run_to_end(self.command(args).current_dir(folder), "")
    }

    fn run_to_end(&self, command: &mut Command, input: &str) -> Ended {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("pocket can be started");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let input = input.to_owned();
        // A command that reads none of it closes the pipe early.
        std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let stdout = drain(child.stdout.take().expect("stdout is a pipe"));
        let stderr = drain(child.stderr.take().expect("stderr is a pipe"));
        let code = wait(&mut child).expect("pocket ends in time");
        self.witness.saw(Ended {
            code,
            stdout: stdout.join().expect("stdout can be read"),
            stderr: stderr.join().expect("stderr can be read"),
        })
    }

    /// Runs it to its end on a terminal on which these answers are typed; what the terminal showed is `stdout`.
    pub fn run_on_terminal<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, typed: &str) -> Ended {
        self.on_terminal(args, typed, "/dev/null")
    }

    /// The same with nothing typed, and with what the terminal shows written to this file as it comes.
    pub fn run_on_terminal_into<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, file: &str) -> Ended {
        self.on_terminal(args, "", file)
    }

    fn on_terminal<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, typed: &str, file: &str) -> Ended {
        let inner = self.command(args);
        let words = std::iter::once(inner.get_program()).chain(inner.get_args());
        let line: Vec<String> = words
            .map(|word| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''")))
            .collect();
        // util-linux's `script` gives it a terminal of its own.
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line.join(" "), file]);
        command
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
            .current_dir(self.project())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("`script` can be started");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        stdin.write_all(typed.as_bytes()).expect("the answers can be typed");
        let stdout = drain(child.stdout.take().expect("stdout is a pipe"));
        let code = wait(&mut child).expect("pocket ends in time");
        self.witness.saw(Ended {
            code,
            stdout: stdout.join().expect("stdout can be read"),
            stderr: String::new(),
        })
    }

    /// Runs it to its end from this script of a shell, in which `"$0" "$@"` is the command.
    pub fn run_under<S: AsRef<OsStr>>(&self, script: &str, args: impl IntoIterator<Item = S>) -> Ended {
        let inner = self.command(args);
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .arg(inner.get_program())
            .args(inner.get_args());
        command
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir(self.project());
        let ended = command.stdin(Stdio::null()).output().expect("`sh` can be started");
        self.witness.saw(Ended {
            code: ended.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
        })
    }

    /// Runs it to its end with stdout going to this file.
    pub fn run_into<S: AsRef<OsStr>>(&self, file: &str, args: impl IntoIterator<Item = S>) -> Ended {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(file)
            .expect("the file can be written");
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(file)
            .spawn()
            .expect("pocket can be started");
        let stderr = drain(child.stderr.take().expect("stderr is a pipe"));
        let code = wait(&mut child).expect("pocket ends in time");
        self.witness.saw(Ended {
            code,
            stdout: String::new(),
            stderr: stderr.join().expect("stderr can be read"),
        })
    }

    /// Starts it.
    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .spawn()
            .expect("pocket can be started");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        let (say, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    break;
                }
            }
        });
        Running {
            witness: Arc::clone(&self.witness),
            child,
            said,
            so_far: String::new(),
        }
    }

    fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(binary());
        command
            .args(args)
            .current_dir(self.project())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("POCKET_HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("NO_COLOR", "1")
            // No test writes into the keyring of who runs it.
            .env("POCKET_STORE__KEYRING", "off")
            // So that every story can be told of a hardened process too.
            .envs(std::env::var_os("POCKET_TEST_HARDEN").map(|value| ("POCKET_HARDEN", value)))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What ended, with this run's folders and ports out of it, for a snapshot.
    pub fn shown(&self, ended: &Ended) -> String {
        let text = format!(
            "exit: {}\n--- stdout\n{}--- stderr\n{}",
            ended.code, ended.stdout, ended.stderr
        );
        let folder = self.folder.path();
        let real = folder.canonicalize().unwrap_or_else(|_gone| folder.to_owned());
        text.replace(&real.display().to_string(), "[FOLDER]")
            .replace(&folder.display().to_string(), "[FOLDER]")
    }
}

impl Default for PocketCommand {
    fn default() -> Self {
        Self::new()
    }
}

impl Running {
    /// Waits for a word on stderr that begins so, such as a URL.
    pub fn word(&mut self, begins: &str) -> String {
        let deadline = Instant::now() + LONGEST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(line) => {
                    self.so_far.push_str(&line);
                    self.so_far.push('\n');
                    if let Some(word) = line.split_whitespace().find(|word| word.starts_with(begins)) {
                        return word.to_owned();
                    }
                }
                Err(_) => panic!("it never said `{begins}...`, but: {}", self.so_far),
            }
        }
    }

    /// Waits for a line on stderr that has this in it; gives what follows it.
    pub fn after(&mut self, words: &str) -> String {
        let deadline = Instant::now() + LONGEST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.said.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("it never said `{words}`, but: {}", self.so_far));
            self.so_far.push_str(&line);
            self.so_far.push('\n');
            if let Some((_, rest)) = line.split_once(words) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Types a line on its stdin, and no more.
    pub fn type_line(&mut self, line: &str) {
        let mut stdin = self.child.stdin.take().expect("nothing was typed yet");
        stdin.write_all(format!("{line}\n").as_bytes()).expect("it reads stdin");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let stdout = drain(self.child.stdout.take().expect("stdout is a pipe"));
        let code = wait(&mut self.child);
        while let Ok(line) = self.said.recv() {
            self.so_far.push_str(&line);
            self.so_far.push('\n');
        }
        let code = code.unwrap_or_else(|| {
            panic!(
                "pocket did not end within {} s, but said: {}",
                LONGEST.as_secs(),
                self.so_far
            )
        });
        self.witness.saw(Ended {
            code,
            stdout: stdout.join().expect("stdout can be read"),
            stderr: std::mem::take(&mut self.so_far),
        })
    }

    /// The same for a test whose servers have to answer meanwhile.
    pub async fn ended(self) -> Ended {
        tokio::task::spawn_blocking(|| self.end()).await.expect("it ends")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it: SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn drain(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Its exit code; `None` where it had to be killed.
fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            return Some(status.code().unwrap_or(-1));
        }
        if Instant::now() > deadline {
            child.kill().expect("the process can be killed");
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The binary beside this test's own, built by `cargo xtask test`.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let found = test
        .ancestors()
        .map(|folder| folder.join("pocket"))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "the binary `pocket` is not built: run `cargo xtask test`, or `cargo build`: {}",
            Path::new("target").display()
        )
    })
}
