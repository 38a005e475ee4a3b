//! Servers that keep tokens for several hosts: PostgreSQL, or Redis, as Debian has them.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// How long a server may take to start on a slow machine.
const LONGEST: Duration = Duration::from_secs(120);

/// Debian's user who owns nothing: PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;

/// Runs a program until standard input ends, as it does when the test's process ends however it ends; then deletes its folder.
const GUARD: &str = r#"folder=$1; shift; "$@" </dev/null >"$folder/log" 2>&1 & pid=$!
cat >/dev/null; kill -QUIT $pid 2>/dev/null
tries=0; while kill -0 $pid 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null; rm -rf "$folder""#;

/// A server of a test, with its data in a folder of its own; both end with it.
#[derive(Debug)]
pub(crate) struct Server {
    guard: Child,
    stdin: Option<ChildStdin>,
    folder: PathBuf,
}

impl Server {
    pub(crate) fn start(folder: &Path, program: &Path, arguments: &[String]) -> Self {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(folder)
            .args(as_nobody(folder))
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`sh` can be started");
        Self {
            stdin: guard.stdin.take(),
            guard,
            folder: folder.to_owned(),
        }
    }

    pub(crate) fn wait_until(&self, ready: impl Fn() -> bool) {
        let began = Instant::now();
        while !ready() {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < LONGEST, "the server does not start: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.guard.wait();
    }
}

/// What has to stand before a command so that it does not run as root.
fn as_nobody(folder: &Path) -> Vec<String> {
    if fs::metadata(folder).expect("the folder is there").uid() != NOBODY {
        return Vec::new();
    }
    let id = NOBODY.to_string();
    ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", "--"]
        .map(str::to_owned)
        .to_vec()
}

/// A folder for a server's data, of a user as whom it may run.
fn folder() -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("pocket-db")
        .tempdir()
        .expect("a folder can be made")
        .keep();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its mode can be set");
    if fs::metadata(&folder).expect("it is there").uid() == 0 {
        chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root can give a folder away");
    }
    folder
}

/// Where a program is; says by name what is left out where it is not.
fn find(name: &str, what: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found = folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("left out: the store on {what}, since this machine has no `{name}`\n").as_bytes(),
        );
    }
    found
}

/// A root of a server's own, and what it signed for `localhost`; all in PEM.
#[derive(Debug)]
struct Certificates {
    root: String,
    certificate: String,
    key: String,
}

impl Certificates {
    fn new() -> Self {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, "A database's root");
        let key = || KeyPair::generate().expect("a key can be made");
        let root = CertifiedIssuer::self_signed(root, key()).expect("a certificate can be signed");
        let own = key();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .and_then(|params| params.signed_by(&own, &root))
            .expect("a certificate can be signed");
        Self {
            root: root.pem(),
            certificate: certificate.pem(),
            key: own.serialize_pem(),
        }
    }

    /// Writes them where the server finds them: the certificate and the key.
    fn write(&self, folder: &Path) -> [String; 2] {
        let files = [("tls.crt", &self.certificate), ("tls.key", &self.key)];
        files.map(|(name, text)| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a file can be written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
            let owner = fs::metadata(folder).expect("the folder is there").uid();
            chown(&path, Some(owner), None).expect("root can give a file away");
            path.display().to_string()
        })
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it has an address").port()
}

/// A PostgreSQL server that takes anybody on its socket, and passwords on its port, where it speaks TLS to who asks for it.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Server>,
    folder: PathBuf,
    port: u16,
    certificates: Certificates,
    databases: AtomicUsize,
}

impl Postgres {
    /// `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let (initdb, _postgres) = (find("initdb", "PostgreSQL")?, find("postgres", "PostgreSQL")?);
        let folder = folder();
        let mut words = as_nobody(&folder);
        words.push(initdb.display().to_string());
        let made = Command::new(&words[0])
            .args(&words[1..])
            .args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256"])
            .args([
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
                "--pgdata",
            ])
            .arg(folder.join("data"))
            .output()
            .expect("`initdb` can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = Self {
            server: None,
            folder,
            port: free_port(),
            certificates: Certificates::new(),
            databases: AtomicUsize::new(0),
        };
        postgres.restart();
        postgres
            .psql("postgres", "CREATE ROLE over_tls SUPERUSER LOGIN PASSWORD 'right'")
            .expect("a role can be made");
        Some(postgres)
    }

    /// One for all tests of this process, which ends with it.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Ends it as if the machine lost power, and starts it again with what it had kept.
    pub fn restart(&mut self) {
        if let Some(server) = &mut self.server {
            let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("it runs");
            let pid = pid.lines().next().expect("the file has lines").to_owned();
            let ended = Command::new("kill").args(["-QUIT", &pid]).status();
            assert!(ended.expect("`kill` can be run").success());
            let gone = self.folder.join("data/postmaster.pid");
            server.wait_until(|| !gone.exists());
            // Its folder is deleted with the guard that it has; what is kept goes to another.
            let next = folder();
            let moved = Command::new("cp")
                .args(["-a", "--"])
                .arg(self.folder.join("data"))
                .arg(&next)
                .status();
            assert!(moved.expect("`cp` can be run").success());
            self.folder = next;
        }
        let program = find("postgres", "PostgreSQL").expect("it was there");
        let folder = self.folder.display().to_string();
        let words = [
            "-D".to_owned(),
            self.folder.join("data").display().to_string(),
            "-k".to_owned(),
            folder,
            "-p".to_owned(),
            self.port.to_string(),
        ];
        let [certificate, key] = self.certificates.write(&self.folder);
        let options = [
            "listen_addresses=127.0.0.1".to_owned(),
            "max_connections=200".to_owned(),
            "shared_buffers=16MB".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={certificate}"),
            format!("ssl_key_file={key}"),
        ];
        let options = options.into_iter().flat_map(|option| ["-c".to_owned(), option]);
        let words: Vec<String> = words.into_iter().chain(options).collect();
        let server = Server::start(&self.folder, &program, &words);
        server.wait_until(|| self.psql("postgres", "SELECT 1").is_ok());
        self.server = Some(server);
    }

    /// Runs a statement as its owner.
    pub fn psql(&self, database: &str, statement: &str) -> Result<String, String> {
        let ran = Command::new(find("psql", "PostgreSQL").expect("it comes with the server"))
            .args(["-h", &self.folder.display().to_string(), "-p", &self.port.to_string()])
            .args(["-U", "postgres", "-qAtX", "-d", database, "-c", statement])
            .output()
            .expect("`psql` can be run");
        if ran.status.success() {
            return Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned());
        }
        Err(String::from_utf8_lossy(&ran.stderr).into_owned())
    }

    /// A database of its own for a test: its name.
    pub fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.psql("postgres", &format!("CREATE DATABASE {name}"))
            .expect("it can be made");
        name
    }

    /// The URL of a database, by the socket.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&port={}&user=postgres",
            self.folder.display(),
            self.port
        )
    }

    /// The URL of a database, by the port, for this user and password.
    pub fn url_with_password(&self, database: &str, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database, by the port under this name, with TLS.
    pub fn url_with_tls(&self, database: &str, name: &str, mode: &str) -> String {
        format!(
            "postgres://over_tls:right@{name}:{}/{database}?sslmode={mode}",
            self.port
        )
    }

    /// The root that signed its certificate, which is for `localhost`; PEM.
    pub fn root(&self) -> &str {
        &self.certificates.root
    }
}

/// A Redis server, by its socket, and by a port where it speaks TLS.
#[derive(Debug)]
pub struct Redis {
    server: Option<Server>,
    folder: PathBuf,
    port: u16,
    certificates: Certificates,
    arguments: Vec<String>,
    databases: AtomicUsize,
}

/// What a server needs to keep accounts.
const DURABLE: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--maxmemory-policy",
    "noeviction",
];

impl Redis {
    /// One that keeps accounts; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&DURABLE)
    }

    /// With these settings.
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        find("redis-server", "Redis")?;
        let mut redis = Self {
            server: None,
            folder: folder(),
            port: free_port(),
            certificates: Certificates::new(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            databases: AtomicUsize::new(0),
        };
        redis.begin();
        Some(redis)
    }

    /// One for all tests of this process, which ends with it.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Redis>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    fn begin(&mut self) {
        let program = find("redis-server", "Redis").expect("it was there");
        let words = ["--port", "0", "--databases", "1000", "--save", "", "--unixsocket"];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.extend([self.socket(), "--dir".to_owned(), self.folder.display().to_string()]);
        let [certificate, key] = self.certificates.write(&self.folder);
        words.extend(["--tls-port".to_owned(), self.port.to_string()]);
        words.extend([
            "--tls-cert-file".to_owned(),
            certificate,
            "--tls-key-file".to_owned(),
            key,
        ]);
        words.extend(["--tls-auth-clients", "no", "--bind", "127.0.0.1"].map(str::to_owned));
        words.extend(self.arguments.iter().cloned());
        let server = Server::start(&self.folder, &program, &words);
        server.wait_until(|| self.cli("0", &["PING"]) == "PONG");
        self.server = Some(server);
    }

    /// Kills it, and starts it again with what it had kept.
    pub fn restart(&mut self) {
        let _killed = self.cli("0", &["SHUTDOWN", "NOSAVE", "NOW", "FORCE"]);
        let socket = PathBuf::from(self.socket());
        if let Some(server) = &self.server {
            server.wait_until(|| self.cli("0", &["PING"]) != "PONG");
        }
        let next = folder();
        let moved = Command::new("cp")
            .args(["-a", "--"])
            .arg(self.folder.join("appendonlydir"))
            .arg(&next)
            .status();
        assert!(moved.expect("`cp` can be run").success());
        let _ = fs::remove_file(socket);
        self.server = None;
        self.folder = next;
        self.begin();
    }

    fn socket(&self) -> String {
        self.folder.join("redis.sock").display().to_string()
    }

    /// Sends a command to a database, and gives what it says.
    pub fn cli(&self, database: &str, words: &[&str]) -> String {
        let ran = Command::new(find("redis-cli", "Redis").expect("it comes with the server"))
            .args(["-s", &self.socket(), "-n", database])
            .args(words)
            .output()
            .expect("`redis-cli` can be run");
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// A database of its own for a test: its number.
    pub fn database(&self) -> String {
        self.databases.fetch_add(1, Ordering::SeqCst).to_string()
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("redis+unix://{}?db={database}", self.socket())
    }

    /// The URL of a database, by the port under this name, with TLS.
    pub fn url_with_tls(&self, database: &str, name: &str) -> String {
        format!("rediss://{name}:{}/{database}", self.port)
    }

    /// The root that signed its certificate, which is for `localhost`; PEM.
    pub fn root(&self) -> &str {
        &self.certificates.root
    }
}
