//! Git over HTTP, by git's own `http-backend`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::Served;

/// A git server with repositories that tests commit to.
pub struct GitServer {
    served: Served,
    root: Arc<Root>,
}

struct Root {
    folder: tempfile::TempDir,
    /// `user:password`, where the server wants it.
    login: Option<String>,
    asked: tokio::sync::Notify,
}

impl GitServer {
    /// Serves over plain HTTP, or over TLS where a certificate is given.
    pub async fn start(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self::with_login(tls, None).await
    }

    /// The same, for those who know this `user:password`.
    pub async fn with_login(tls: Option<Arc<rustls::ServerConfig>>, login: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = Arc::new(Root {
            folder,
            login: login.map(ToOwned::to_owned),
            asked: tokio::sync::Notify::new(),
        });
        let router = Router::new().fallback(backend).with_state(Arc::clone(&root));
        Self {
            served: Served::start(router, tls).await,
            root,
        }
    }

    /// The URL of a repository, without `.git`.
    pub fn url(&self, repository: &str) -> String {
        format!("{}/{repository}", self.served.url())
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.served.port()
    }

    /// The bare repository on disk.
    pub fn folder(&self, repository: &str) -> PathBuf {
        self.root.folder.path().join(repository)
    }

    /// Makes an annotated tag.
    pub fn tag(&self, repository: &str, name: &str, commit: &str) {
        git(
            &self.folder(repository),
            &["tag", "--annotate", "--message", "a tag", name, commit],
        );
    }

    /// Waits for the next request, so that a test can act while it is answered.
    pub async fn wait_for_a_request(&self) {
        self.root.asked.notified().await;
    }

    /// Commits a folder's content to a branch of a repository, at `at` in it, made where it is not there. Gives the commit.
    pub fn commit(&self, repository: &str, branch: &str, at: &str, content: &Path) -> String {
        let bare = self.folder(repository);
        if !bare.exists() {
            git(
                self.root.folder.path(),
                &["init", "--quiet", "--bare", "--initial-branch", "main", repository],
            );
        }
        let work = tempfile::tempdir().expect("a folder can be made");
        let work = work.path().join("work");
        git(
            self.root.folder.path(),
            &[
                "clone",
                "--quiet",
                &bare.display().to_string(),
                &work.display().to_string(),
            ],
        );
        let known = git(&bare, &["branch", "--list", branch]);
        if known.is_empty() {
            git(&work, &["checkout", "--quiet", "--orphan", branch]);
        } else {
            git(&work, &["checkout", "--quiet", branch]);
        }
        let target = if at.is_empty() { work.clone() } else { work.join(at) };
        copy(content, &target);
        git(&work, &["add", "--all", "--force"]);
        git(&work, &["commit", "--quiet", "--allow-empty", "--message", "a commit"]);
        git(
            &work,
            &["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")],
        );
        git(&work, &["rev-parse", "HEAD"])
    }
}

/// Runs git with an identity of the tests' own and none of this machine's settings.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.com",
            "-c",
            "safe.directory=*",
        ])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Copies what a package needs: not what building it left.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" || entry.file_name() == ".git" {
            continue;
        }
        let kind = entry.file_type().expect("the entry has a type");
        if kind.is_symlink() {
            let link = std::fs::read_link(&path).expect("the link can be read");
            std::os::unix::fs::symlink(link, target).expect("the link can be made");
        } else if kind.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("the file can be copied");
        }
    }
}

async fn backend(State(root): State<Arc<Root>>, request: Request) -> Response {
    root.asked.notify_one();
    if let Some(login) = &root.login {
        use base64::Engine as _;
        let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
        if request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            != Some(&expected)
        {
            let mut reply = Response::new(Body::empty());
            *reply.status_mut() = StatusCode::UNAUTHORIZED;
            reply.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"git\""),
            );
            return reply;
        }
    }
    let output = cgi(&root, request).await;
    as_response(&output)
}

/// One request of CGI (RFC 3875) to `git http-backend`.
async fn cgi(root: &Root, request: Request) -> Vec<u8> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("the request arrives").to_bytes();
    let text = |name: HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut child = tokio::process::Command::new("git")
        .args([
            "-c",
            "safe.directory=*",
            "-c",
            "uploadpack.allowAnySHA1InWant=true",
            "http-backend",
        ])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", root.folder.path())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", text(header::CONTENT_ENCODING))
        .env("HTTP_GIT_PROTOCOL", text(HeaderName::from_static("git-protocol")))
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("git is installed");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let (written, output) = tokio::join!(
        async move {
            let written = stdin.write_all(&body).await;
            drop(stdin);
            written
        },
        child.wait_with_output()
    );
    // A backend that ends before it read everything says why in its reply.
    let _ = written;
    output.expect("git http-backend ends").stdout
}

fn as_response(output: &[u8]) -> Response {
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(output.len());
    let mut reply = Response::new(Body::from(output.get(end + 4..).unwrap_or_default().to_vec()));
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value
                .split(' ')
                .next()
                .and_then(|code| code.parse().ok())
                .unwrap_or(500);
            *reply.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}
