//! Git over ssh: OpenSSH's own server and agent, as this user.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::free_port;

/// OpenSSH's server on a free port of loopback, and an agent that holds a key it takes. Both end with it.
pub struct SshServer {
    folder: tempfile::TempDir,
    port: u16,
    user: String,
    server: Child,
    agent: Child,
}

impl SshServer {
    /// `None` where this machine has no OpenSSH server.
    pub fn start() -> Option<Self> {
        let program = Path::new("/usr/sbin/sshd");
        if !program.is_file() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host", "user"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(name)]));
        }
        std::fs::copy(at("user.pub"), at("authorized")).expect("a file can be copied");
        let port = free_port();
        let settings = [
            format!("Port {port}\nListenAddress 127.0.0.1\nHostKey {}\n", at("host")),
            format!(
                "AuthorizedKeysFile {}\nStrictModes no\nPidFile none\n",
                at("authorized")
            ),
            "UsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n".to_owned(),
        ];
        std::fs::write(at("settings"), settings.concat()).expect("a file can be written");
        // Where it is root's, the server wants this folder, which its service makes.
        let _ = std::fs::create_dir_all("/run/sshd");
        let mut server = Command::new(program)
            .args(["-D", "-e", "-f", &at("settings")])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        let said = BufReader::new(server.stderr.take().expect("stderr is a pipe"));
        let mut lines = said.lines().map_while(Result::ok);
        lines
            .find(|line| line.contains("listening"))
            .expect("the server listens");
        // What it says later is read too, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let agent = Command::new("ssh-agent")
            .args(["-D", "-a", &at("agent")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the agent can be started");
        let mut started = Self {
            port,
            user: user(),
            server,
            agent,
            folder,
        };
        started.add_key();
        Some(started)
    }

    fn add_key(&mut self) {
        let stdout = self.agent.stdout.take().expect("stdout is a pipe");
        // It tells its socket once that is there.
        BufReader::new(stdout)
            .lines()
            .next()
            .expect("the agent starts")
            .expect("a line");
        run(Command::new("ssh-add")
            .arg("-q")
            .arg(self.folder.path().join("user"))
            .env("SSH_AUTH_SOCK", self.agent()));
    }

    /// The agent's socket: `SSH_AUTH_SOCK`.
    pub fn agent(&self) -> String {
        self.folder.path().join("agent").display().to_string()
    }

    /// The URL of a repository at this path.
    pub fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, repository.display())
    }

    /// The line of `known_hosts` that knows this server.
    pub fn known_hosts(&self) -> String {
        let key = std::fs::read_to_string(self.folder.path().join("host.pub")).expect("the key can be read");
        format!("[127.0.0.1]:{} {key}", self.port)
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        for child in [&mut self.server, &mut self.agent] {
            // One that ended already is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn run(command: &mut Command) {
    let status = command
        .stdin(Stdio::null())
        .status()
        .expect("OpenSSH's programs are installed");
    assert!(status.success(), "{command:?}");
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("`id` is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
