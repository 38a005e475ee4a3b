//! Tools from git, through the binary and a real git server.

use std::io::Write as _;

use pocket_tests::{Authority, GitServer, PocketCommand, SshServer, sample};

fn run(pocket: &PocketCommand, source: &str) -> pocket_tests::Ended {
    pocket.run(["run", source, "{\"a\": 1}"])
}

fn ran(pocket: &PocketCommand, source: &str) {
    let ended = run(pocket, source);
    assert_eq!(
        (ended.code, ended.stdout.trim()),
        (0, "{\"a\":1}"),
        "{source}: {}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_with_slashes_tags_and_commits_are_found() {
    let git = GitServer::start(None).await;
    let first = git.commit("tools.git", "main", "", &sample("echo"));
    git.commit("tools.git", "feature/one/two", "tools/echo", &sample("echo"));
    git.tag("tools.git", "v1.0", &first);
    let pocket = PocketCommand::new();
    let url = git.url("tools.git");
    ran(&pocket, &url);
    ran(&pocket, &format!("{url}#feature/one/two:tools/echo"));
    ran(&pocket, &format!("{url}#v1.0:"));
    ran(&pocket, &format!("{url}#{first}:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_url_is_read_on_the_hosts_that_the_operator_names() {
    let authority = Authority::new();
    let git = GitServer::start(Some(authority.server())).await;
    git.commit("org/repo.git", "release/2", "tools/echo", &sample("echo"));
    let mut pocket = PocketCommand::new();
    pocket.set("POCKET_TRUST_PROJECT", "1");
    pocket.write("authority.pem", &authority.pem());
    let host = format!("localhost:{}", git.port());
    pocket.write(
        "pocket.toml",
        &format!("[network]\nca_file = \"authority.pem\"\n\n[sources]\ngithub_hosts = [\"{host}\"]\n"),
    );
    ran(
        &pocket,
        &format!("https://{host}/org/repo.git/tree/release/2/tools/echo"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_is_refused() {
    let authority = Authority::new();
    let git = GitServer::start(Some(authority.server())).await;
    git.commit("tools.git", "main", "", &sample("echo"));
    let pocket = PocketCommand::new();
    let ended = run(&pocket, &format!("{}#main:", git.url("tools.git")));
    assert_eq!(ended.code, 6, "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_for_literal_loopback_only() {
    let pocket = PocketCommand::new();
    for source in ["http://localhost:1/tools.git", "http://example.com/tools.git"] {
        let ended = run(&pocket, source);
        assert_eq!(ended.code, 5, "{source}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_a_url_is_used_and_shown_nowhere() {
    let git = GitServer::with_login(None, Some("alice:planted-password")).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let with_login = git
        .url("tools.git")
        .replace("http://", "http://alice:planted-password@");
    let refused = run(&pocket, &format!("{}#main:echo", git.url("tools.git")));
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    let added = pocket.run(["add", &format!("{with_login}#main:echo"), "-v"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    ran(&pocket, "echo");
    let wrong = run(
        &pocket,
        &format!("{}#nonesuch:echo", with_login.replace("-password", "-mistake")),
    );
    assert_ne!(wrong.code, 0);
    let mut shown = format!("{}{}{}{}", added.stdout, added.stderr, wrong.stdout, wrong.stderr);
    for name in ["pocket.toml", "pocket.lock"] {
        shown.push_str(&std::fs::read_to_string(pocket.project().join(name)).expect("the file is there"));
    }
    assert!(!shown.contains("planted"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_fetch_at_once_all_succeed() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = std::sync::Arc::new({
        let mut pocket = PocketCommand::new();
        pocket.set("POCKET_TRUST_PROJECT", "1");
        pocket
    });
    let source = format!("{}#main:echo", git.url("tools.git"));
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let (pocket, source) = (std::sync::Arc::clone(&pocket), source.clone());
            std::thread::spawn(move || pocket.run(["run", &source, "{\"a\": 1}"]))
        })
        .collect();
    for run in runs {
        let ended = run.join().expect("the thread ends");
        assert_eq!((ended.code, ended.stdout.trim()), (0, "{\"a\":1}"), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_killed_leaves_nothing_half_made() {
    let git = GitServer::start(None).await;
    let big = tempfile::tempdir().expect("a folder can be made");
    for name in ["pocket.json", "echo.wasm"] {
        std::fs::copy(sample("echo").join(name), big.path().join(name)).expect("a file can be copied");
    }
    let noise: Vec<u8> = std::iter::repeat_with(rand::random::<u8>).take(8 << 20).collect();
    std::fs::write(big.path().join("noise.bin"), noise).expect("a file can be written");
    git.commit("tools.git", "main", "echo", big.path());
    let pocket = PocketCommand::new();
    let source = format!("{}#main:echo", git.url("tools.git"));
    for _ in 0..3 {
        let mut running = pocket.start(["run", &source, "{\"a\": 1}"]);
        git.wait_for_a_request().await;
        running.kill();
    }
    ran(&pocket, &source);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_tool_stays_where_it_is_until_it_is_updated() {
    let git = GitServer::start(None).await;
    let first = git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let added = pocket.run(["add", &format!("{}#main:echo", git.url("tools.git"))]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let changed = tempfile::tempdir().expect("a folder can be made");
    std::fs::copy(sample("echo").join("echo.wasm"), changed.path().join("echo.wasm")).expect("a file can be copied");
    let manifest = std::fs::read_to_string(sample("echo").join("pocket.json")).expect("the manifest can be read");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("the manifest is JSON");
    manifest["permissions"] = serde_json::json!({ "http": ["https://api.example.com"] });
    std::fs::write(changed.path().join("pocket.json"), manifest.to_string()).expect("a file can be written");
    let second = git.commit("tools.git", "main", "echo", changed.path());
    ran(&pocket, "echo");
    let lock = std::fs::read_to_string(pocket.project().join("pocket.lock")).expect("the lock is there");
    assert!(lock.contains(&first) && !lock.contains(&second), "{lock}");
    let refused = pocket.run(["update", "echo"]);
    assert_eq!(
        refused.code, 4,
        "it asks for more, and nobody is there to ask: {}",
        refused.stderr
    );
    assert!(refused.stderr.contains("api.example.com"), "{}", refused.stderr);
    let taken = pocket.run(["update", "echo", "--yes"]);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    let lock = std::fs::read_to_string(pocket.project().join("pocket.lock")).expect("the lock is there");
    assert!(lock.contains(&second) && lock.contains("api.example.com"), "{lock}");
    ran(&pocket, "echo");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_leave_the_folder_are_refused_by_name() {
    let git = GitServer::start(None).await;
    let hostile = tempfile::tempdir().expect("a folder can be made");
    for name in ["pocket.json", "echo.wasm"] {
        std::fs::copy(sample("echo").join(name), hostile.path().join(name)).expect("a file can be copied");
    }
    std::os::unix::fs::symlink("../../../../etc/passwd", hostile.path().join("innocent.txt"))
        .expect("a link can be made");
    git.commit("tools.git", "main", "echo", hostile.path());
    let pocket = PocketCommand::new();
    let ended = run(&pocket, &format!("{}#main:echo", git.url("tools.git")));
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("innocent.txt"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_fetched_with_gits_own_credential_helper() {
    let git = GitServer::with_login(None, Some("alice:planted-password")).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let source = format!("{}#main:echo", git.url("tools.git"));
    assert_eq!(run(&pocket, &source).code, 6, "nobody knows the password");
    let helper = "!f() { echo username=alice; echo password=planted-password; }; f";
    let config = format!("[credential]\n\thelper = \"{helper}\"\n");
    std::fs::write(pocket.user_home().join(".gitconfig"), config).expect("the file can be written");
    let ended = pocket.run(["run", &source, "{\"a\": 1}", "-v"]);
    assert_eq!((ended.code, ended.stdout.trim()), (0, "{\"a\":1}"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("planted"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_over_ssh_is_fetched_with_the_agents_key_from_a_known_host_only() {
    let Some(ssh) = SshServer::start() else {
        let _ = writeln!(
            std::io::stderr(),
            "left out: git over ssh, since this machine has no OpenSSH server"
        );
        return;
    };
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let mut pocket = PocketCommand::new();
    let source = format!("{}#main:echo", ssh.url(&git.folder("tools.git")));
    pocket.set("SSH_AUTH_SOCK", ssh.agent());
    let unknown = run(&pocket, &source);
    assert_eq!(unknown.code, 6, "{}", unknown.stderr);
    assert!(unknown.stderr.contains("known_hosts"), "{}", unknown.stderr);
    let folder = pocket.user_home().join(".ssh");
    std::fs::create_dir(&folder).expect("a folder can be made");
    std::fs::write(folder.join("known_hosts"), ssh.known_hosts()).expect("a file can be written");
    ran(&pocket, &source);
    pocket.set("SSH_AUTH_SOCK", "");
    let elsewhere = git.commit("other.git", "main", "echo", &sample("echo"));
    let keyless = run(
        &pocket,
        &format!("{}#{elsewhere}:echo", ssh.url(&git.folder("other.git"))),
    );
    assert_eq!(keyless.code, 6, "without a key nothing is fetched: {}", keyless.stderr);
}
