//! What the programs that `pocket` starts get of its variables, and how long they run.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use pocket_tests::{GitServer, PocketCommand, sample, until};

const KEY: &str = "cGxhbnRlZC1zdG9yZS1rZXktb2YtMzItYnl0ZXMtLS0=";

/// A program of this name that writes down its variables, then does what `script` says.
fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    let text = format!("#!/bin/sh\nenv > '{}/{name}.seen'\n{script}\n", folder.display());
    std::fs::write(&path, text).expect("a script can be written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("its mode can be set");
}

/// That the program of this name ran, with variables of the user's and none of ours.
fn had_none_of_ours(folder: &Path, name: &str) {
    let path = folder.join(format!("{name}.seen"));
    let seen = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("`{name}` was not started: {e}"));
    assert!(seen.contains("HOME="), "{seen}");
    for ours in [KEY, "planted", "POCKET_"] {
        assert!(!seen.contains(ours), "`{name}` was given {ours}: {seen}");
    }
}

fn with_secrets(folder: &Path) -> PocketCommand {
    let mut pocket = PocketCommand::new();
    let path = std::env::var("PATH").expect("there is a PATH");
    pocket
        .set("PATH", format!("{}:{path}", folder.display()))
        .set("POCKET_STORE_KEY", KEY)
        .set("POCKET_AUTH__SLACK__CLIENT_ID", "1.2")
        .set("POCKET_AUTH__SLACK__CLIENT_SECRET", "planted-client-secret");
    pocket
}

#[tokio::test(flavor = "multi_thread")]
async fn f_69_neither_the_doctor_nor_a_build_gives_its_programs_our_secrets() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    program(folder.path(), "git", "echo git version 2");
    program(folder.path(), "rustc", "exit 1");
    program(folder.path(), "cargo", "exit 1");
    let pocket = with_secrets(folder.path());
    pocket.run(["doctor"]);
    had_none_of_ours(folder.path(), "git");
    had_none_of_ours(folder.path(), "rustc");
    pocket.write("pocket.json", "{}");
    pocket.write("Cargo.toml", "[package]\nname = \"tool\"\n");
    let built = pocket.run(["build"]);
    assert_ne!(built.code, 0, "this cargo builds nothing");
    had_none_of_ours(folder.path(), "cargo");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_69_git_and_its_credential_helpers_are_given_none_of_our_secrets() {
    let server = GitServer::with_login(None, Some("alice:planted-password")).await;
    server.commit("tools.git", "main", "echo", &sample("echo"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let answer = "cat > /dev/null; echo username=alice; echo password=planted-password";
    program(folder.path(), "git-credential-planted", answer);
    let pocket = with_secrets(folder.path());
    let config = "[credential]\n\thelper = planted\n";
    std::fs::write(pocket.user_home().join(".gitconfig"), config).expect("the file can be written");
    let ended = pocket.run(["inspect", &format!("{}#main:echo", server.url("tools.git"))]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    had_none_of_ours(folder.path(), "git-credential-planted");
}

/// Whether a process runs that was started with this folder among its variables.
#[cfg(target_os = "linux")]
fn runs_with(folder: &Path) -> bool {
    let folder = folder.display().to_string();
    let processes = std::fs::read_dir("/proc").expect("the processes can be listed");
    processes.flatten().any(|process| {
        // One that ended and was not waited for has none any more.
        let variables = std::fs::read(process.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&variables).contains(&folder)
    })
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_interrupted_leaves_none_of_gits_programs() {
    let server = GitServer::with_login(None, Some("alice:planted-password")).await;
    server.commit("tools.git", "main", "echo", &sample("echo"));
    let source = format!("{}#main:echo", server.url("tools.git"));
    for (more, signal) in [
        (&["run", &source][..], "-INT"),
        (&["run", "--harden", &source], "-INT"),
        (&["inspect", &source], "-INT"),
        (&["run", &source], "-TERM"),
        (&["run", "--harden", &source], "-TERM"),
    ] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        // A program of a program of git's, which never answers.
        program(folder.path(), "git-credential-silent", "sleep 600 | sleep 600");
        let pocket = with_secrets(folder.path());
        let config = "[credential]\n\thelper = silent\n";
        std::fs::write(pocket.user_home().join(".gitconfig"), config).expect("the file can be written");
        let running = pocket.start(more);
        let started = folder.path().join("git-credential-silent.seen");
        until("git asks", async || started.exists().then_some(())).await;
        let interrupted = Command::new("kill").args([signal, &running.id().to_string()]).status();
        assert!(interrupted.expect("`kill` can be started").success());
        let ended = running.ended().await;
        assert!(ended.stderr.contains("interrupted"), "{more:?}: {}", ended.stderr);
        until("none of them runs", async || (!runs_with(folder.path())).then_some(())).await;
    }
}
