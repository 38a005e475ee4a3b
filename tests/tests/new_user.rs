//! What a new user meets: progress, paths, numbers, and refusals that say what to do.

use pocket_tests::{Browser, GitServer, PocketCommand, SlackCommand, SlackSettings, folder_of, sample};
use serde_json::{Value, json};

/// Compares what a command showed with its snapshot, without what differs from run to run.
macro_rules! shows {
    ($pocket:expr, $ended:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"(127\.0\.0\.1|localhost):\d+", "$1:[PORT]"),
                (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
                (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
            ],
            omit_expression => true,
        }, {
            insta::assert_snapshot!($pocket.shown(&$ended));
        })
    };
}

fn json_of(ended: &pocket_tests::Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", ended.stdout, ended.stderr))
}

fn echo() -> String {
    sample("echo").display().to_string()
}

/// Copies the sample `echo` into this folder.
fn echo_in(folder: &std::path::Path) {
    std::fs::create_dir_all(folder).expect("a folder can be made");
    for file in ["pocket.json", "echo.wasm"] {
        std::fs::copy(sample("echo").join(file), folder.join(file)).expect("a file can be copied");
    }
}

#[test]
fn a_first_call_shows_that_it_compiles_and_a_later_one_only_that_it_runs() {
    let mut pocket = PocketCommand::new();
    pocket.set("TERM", "xterm");
    let first = pocket.run_on_terminal(["run", &echo(), "{}"], "");
    assert_eq!(first.code, 0, "{}", first.stdout);
    assert!(first.stdout.contains("compiling echo"), "{:?}", first.stdout);
    let later = pocket.run_on_terminal(["run", &echo(), "{}"], "");
    assert!(later.stdout.contains("running echo"), "{:?}", later.stdout);
    assert!(!later.stdout.contains("compiling"), "{:?}", later.stdout);
    let plain = pocket.run(["run", &echo(), "{}"]);
    assert_eq!(
        (plain.stdout.as_str(), plain.stderr.as_str()),
        ("{}\n", ""),
        "where no person looks, no progress is shown"
    );
}

#[test]
fn a_line_that_is_not_understood_is_json_where_json_was_asked_for() {
    let pocket = PocketCommand::new();
    for args in ["run --jsn --json", "--json rum", "--json", "new x --kind foo --json"] {
        let ended = pocket.run(args.split(' '));
        assert_eq!((ended.code, ended.stderr.as_str()), (2, ""), "{args}");
        let told = json_of(&ended);
        assert_eq!(told["code"], "invalid_input", "{args}: {told}");
        assert!(told["error"]["message"].is_string(), "{args}: {told}");
        let hints = told["error"]["hints"].as_array();
        assert!(hints.is_some_and(|hints| !hints.is_empty()), "{args}: {told}");
    }
    let ended = pocket.run(["run", "--jsn", "--json"]);
    shows!(pocket, ended);
    let help = pocket.run(["--help", "--json"]);
    assert_eq!(help.code, 0, "{}", help.stderr);
    assert!(help.stdout.contains("Usage: pocket"), "{}", help.stdout);
}

#[test]
fn typed_paths_are_read_from_where_they_are_typed_and_those_of_a_file_from_its_project() {
    let pocket = PocketCommand::new();
    let elsewhere = pocket.user_home().join("elsewhere");
    echo_in(&elsewhere.join("tool"));
    echo_in(&pocket.project().join("inner"));
    let run = |args: &[&str]| {
        let ended = pocket.run_in(&elsewhere, [&["--project", "../project"], args].concat());
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.stderr);
        ended.stdout
    };
    assert_eq!(run(&["run", "./tool", "{\"a\":1}"]), "{\"a\":1}\n");
    assert!(run(&["inspect", "./tool"]).contains("elsewhere/tool"));
    run(&["check", "./tool"]);
    run(&["add", "./tool", "--name", "outer"]);
    run(&["add", "../project/inner", "--name", "inner"]);
    let file = std::fs::read_to_string(pocket.project().join("pocket.toml")).expect("it was written");
    assert!(file.contains("source = \"./inner\""), "{file}");
    assert!(file.contains("elsewhere/tool\""), "{file}");
    for tool in ["inner", "outer"] {
        assert_eq!(run(&["run", tool, "{}"]), "{}\n");
        assert_eq!(pocket.run(["run", tool, "{}"]).stdout, "{}\n", "from the project too");
    }
    let manifest = json!({ "tool": { "name": "env" }, "component": "tool.wasm", "permissions": { "files": [{ "guest": "/data", "access": "read" }] } });
    folder_of(&elsewhere, "print_env", &manifest);
    std::fs::create_dir(elsewhere.join("data")).expect("a folder can be made");
    run(&["run", "./print_env", "{}", "--folder", "/data=./data"]);
    let gone = pocket.run_in(&elsewhere, ["run", "./tol", "{}"]);
    assert_eq!(gone.code, 5);
    assert!(gone.stderr.contains("did you mean `./tool`?"), "{}", gone.stderr);
}

#[test]
fn trust_by_the_variable_lasts_no_longer_than_the_process() {
    let mut pocket = PocketCommand::new();
    pocket.write("pocket.toml", "[sources]\ngithub_hosts = [\"git.example\"]\n");
    pocket.set("POCKET_TRUST_PROJECT", "1");
    for args in [vec!["add", &echo()], vec!["run", "echo", "{}"], vec!["update"]] {
        let ended = pocket.run(&args);
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.stderr);
    }
    pocket.set("POCKET_TRUST_PROJECT", "0");
    let refused = pocket.run(["run", "echo", "{}"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("pocket trust"), "{}", refused.stderr);
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    pocket.set("POCKET_TRUST_PROJECT", "1");
    assert_eq!(pocket.run(["remove", "echo"]).code, 0);
    pocket.set("POCKET_TRUST_PROJECT", "0");
    let kept = pocket.run(["auth", "status"]);
    assert_eq!(
        kept.code, 0,
        "what a person trusted stays so over a verb of theirs: {}",
        kept.stderr
    );
}

#[test]
fn numbers_come_out_digit_by_digit() {
    let pocket = PocketCommand::new();
    let input = "{\"n\": 1234567890123456789012345678901234567890, \"f\": 0.1234567890123456789, \"s\": \"a  b\"}";
    let ended = pocket.run(["run", &echo(), input]);
    assert_eq!(
        ended.stdout, "{\"n\":1234567890123456789012345678901234567890,\"f\":0.1234567890123456789,\"s\":\"a  b\"}\n",
        "{}",
        ended.stderr
    );
    let set = pocket.run([
        "run",
        &echo(),
        input,
        "--set",
        "n=98765432109876543210987",
        "--set",
        "t=12a",
        "--json",
    ]);
    for part in [
        "\"n\":98765432109876543210987",
        "\"f\":0.1234567890123456789",
        "\"t\":\"12a\"",
    ] {
        assert!(set.stdout.contains(part), "{part}: {} {}", set.stdout, set.stderr);
    }
    assert_eq!(json_of(&set)["code"], "ok");
    let twice = pocket.run(["run", &echo(), "{}", "--set", "a={\"b\":1,\"b\":2}"]);
    assert_eq!(twice.code, 2, "{}", twice.stdout);
}

#[test]
fn adding_a_tool_again_says_how_to_update_or_to_rename() {
    let pocket = PocketCommand::new();
    assert_eq!(pocket.run(["add", &echo()]).code, 0);
    let again = pocket.run(["add", &echo()]);
    assert_eq!(again.code, 5);
    for words in ["already added, from this source", "pocket update echo", "--name OTHER"] {
        assert!(again.stderr.contains(words), "{words}: {}", again.stderr);
    }
    echo_in(&pocket.project().join("other"));
    let other = pocket.run(["add", "./other"]);
    assert_eq!(other.code, 5);
    for words in ["from another source", "--name OTHER", "pocket remove echo"] {
        assert!(other.stderr.contains(words), "{words}: {}", other.stderr);
    }
    let name = pocket.run(["add", "echo"]);
    assert_eq!(name.code, 2);
    assert!(
        name.stderr.contains("a tool of this project already"),
        "{}",
        name.stderr
    );
}

#[test]
fn a_provider_or_handler_that_is_not_there_is_told_with_those_that_are() {
    let pocket = PocketCommand::new();
    for (args, words) in [
        ("auth login slak", ["did you mean `slack`?", "pocket auth providers"]),
        ("auth login nope", ["[providers.nope]", "pocket auth providers"]),
        (
            "auth login slack --handler slack-oath2",
            [
                "did you mean `slack-oauth2`?",
                "its handlers: `slack-oauth2`, `slack-token`",
            ],
        ),
    ] {
        let ended = pocket.run(args.split(' '));
        assert_eq!(ended.code, 5, "{args}: {}", ended.stderr);
        for word in words {
            assert!(ended.stderr.contains(word), "{args}: {word}: {}", ended.stderr);
        }
    }
}

#[test]
fn a_verb_or_value_that_is_not_taken_is_told_with_the_one_that_is() {
    let pocket = PocketCommand::new();
    for (args, words) in [
        (vec!["login", "slack"], "pocket auth login PROVIDER"),
        (vec!["auth", "signin", "slack"], "pocket auth login PROVIDER"),
        (
            vec!["auth", "login", "slack", "--scope", ""],
            "--scope ONE --scope OTHER",
        ),
        (
            vec!["auth", "login", "slack", "--scope", "a b"],
            "--scope ONE --scope OTHER",
        ),
        (vec!["auth", "status", "--profile", ""], "for the profile `default`"),
    ] {
        let ended = pocket.run(&args);
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
        let told = json_of(&pocket.run([&args[..], &["--json"]].concat()));
        assert!(told["error"]["hints"].to_string().contains(words), "{args:?}: {told}");
    }
}

#[test]
fn a_sign_in_that_makes_no_sense_is_told_before_it_begins() {
    let pocket = PocketCommand::new();
    for (args, code, words) in [
        (
            vec!["auth", "login", "github-token"],
            5,
            "pocket auth login github --handler github-token",
        ),
        (vec!["auth", "login", "https://github.com"], 5, "did you mean `github`?"),
        (vec!["auth", "login", ""], 2, "pocket auth providers"),
        (vec!["auth", "login", "no.such"], 5, "pocket auth providers"),
        (
            vec![
                "auth",
                "login",
                "slack",
                "--handler",
                "slack-token",
                "--scope",
                "chat:write",
            ],
            2,
            "pocket auth login slack --handler slack-oauth2",
        ),
        (
            vec!["auth", "login", "github", "--user-token"],
            2,
            "leave `--user-token` out",
        ),
    ] {
        let ended = pocket.run(&args);
        assert_eq!(ended.code, code, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
        assert!(
            !ended.stderr.contains("[providers."),
            "it names no table that could not be one: {args:?}: {}",
            ended.stderr
        );
    }
    let status = json_of(&pocket.run(["auth", "status", "--json"]));
    assert_eq!(status["sign_ins"], json!([]));
}

#[test]
fn an_export_into_a_folder_that_is_not_there_says_so_before_a_passphrase_is_typed() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["auth", "export", "nodir/accounts"]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("is not there: `nodir`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(".pocket-"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn f_62_the_folder_of_the_store_is_private_whichever_verb_makes_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let pocket = PocketCommand::new();
    let mode = |name: &str| {
        let found = std::fs::metadata(pocket.home().join(name)).expect("it is there");
        found.permissions().mode() & 0o777
    };
    let usual = "umask 022; exec \"$0\" \"$@\"";
    let looked = pocket.run_under(usual, ["doctor"]);
    assert_eq!(looked.code, 0, "{} {}", looked.stdout, looked.stderr);
    assert_eq!(mode("data"), 0o700);
    assert_eq!(mode("data/accounts.sqlite.lock"), 0o600);
    // As an earlier Pocket left them.
    for (name, bits) in [("data", 0o755), ("data/accounts.sqlite.lock", 0o644)] {
        let open = std::fs::Permissions::from_mode(bits);
        std::fs::set_permissions(pocket.home().join(name), open).expect("its mode can be set");
    }
    assert_eq!(pocket.run_under(usual, ["auth", "status"]).code, 0);
    assert_eq!(mode("data"), 0o700);
    assert_eq!(pocket.run_under(usual, ["auth", "reset", "--yes"]).code, 0);
    assert_eq!(mode("data/accounts.sqlite.lock"), 0o600);
}

#[test]
fn text_that_is_not_json_is_told_with_what_to_change_where() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["run", &echo(), "{\"a\": [1, 2,\n ], }"]);
    assert_eq!(ended.code, 2);
    for words in ["trailing comma at line 1 column 12", "remove this comma"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    echo_in(&pocket.project().join("tool"));
    pocket.write("tool/pocket.json", "{\n  \"tool\": { \"name\": \"x\" },\n}\n");
    let ended = pocket.run(["check", "tool"]);
    assert_eq!(ended.code, 5);
    for words in ["pocket.json:2:26: it is not JSON: trailing comma", "remove this comma"] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_says_which_refs_and_tools_it_has() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    git.commit("tools.git", "next", "echo", &sample("echo"));
    let pocket = PocketCommand::new();
    let url = git.url("tools.git");
    for (place, words) in [
        ("#something:echo", "its branches and tags: `main`, `next`"),
        ("#nxt:echo", "did you mean `next`?"),
        ("#0a1b2c3:echo", "40 hex digits"),
        ("", "folders below are tools, name one of them: `echo`"),
    ] {
        let ended = pocket.run(["run".to_owned(), format!("{url}{place}")]);
        assert_eq!(ended.code, 5, "{place}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{place}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_shows_from_where_until_it_ended() {
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "echo", &sample("echo"));
    let mut pocket = PocketCommand::new();
    pocket.set("TERM", "xterm");
    let source = format!("{}#main:echo", git.url("tools.git"));
    let added = pocket.run_on_terminal(["add", &source], "");
    assert_eq!(added.code, 0, "{}", added.stdout);
    let fetching = format!("fetching {}", git.url("tools.git"));
    assert!(added.stdout.contains(&fetching), "{:?}", added.stdout);
    let ran = pocket.run_on_terminal(["run", "echo", "{}"], "");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("fetching"), "{:?}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn a_tool_below_a_folder_of_another_user_is_not_run() {
    use std::os::unix::fs::MetadataExt as _;

    let pocket = PocketCommand::new();
    let above = pocket.project().join("above");
    echo_in(&above.join("echo"));
    let owner = std::fs::metadata(&above).expect("it is there").uid();
    if owner != 0 {
        // Only the superuser can give a folder away.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"left out: a folder of another user, since this user cannot make one\n",
        );
        return;
    }
    assert_eq!(pocket.run(["run", "./above/echo", "{}"]).code, 0);
    std::os::unix::fs::chown(&above, Some(65534), Some(65534)).expect("the superuser gives it away");
    let refused = pocket.run(["run", "./above/echo", "{}"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("belongs to another user"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_are_shown_with_all_that_is_known_of_each() {
    let story = SlackCommand::start(SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    })
    .await;
    let pocket = &story.pocket;
    for profile in ["alice", "bob"] {
        let mut running = pocket.start([
            "auth",
            "login",
            "slack",
            "--scope",
            "channels:history",
            "--profile",
            profile,
        ]);
        let url = running.word("https://localhost:");
        let mut browser = Browser::new();
        let page = browser.open(&url).await;
        let consent = browser.submit(&page, &[]).await;
        browser.submit(&consent, &[("decision", "allow")]).await;
        let ended = tokio::task::spawn_blocking(|| running.end()).await.expect("it ends");
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    let all = pocket.run(["auth", "status"]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    shows!(pocket, all);
    let one = json_of(&pocket.run(["auth", "status", "--profile", "bob", "--json"]));
    let accounts = one["accounts"].as_array().expect("a list");
    assert_eq!(accounts.len(), 1, "{one}");
    assert_eq!(
        (
            &accounts[0]["profile"],
            &accounts[0]["state"],
            &accounts[0]["last_error"]
        ),
        (&json!("bob"), &json!("ready"), &Value::Null)
    );
    let none = pocket.run(["auth", "status", "--profile", "carol"]);
    assert!(none.stderr.contains("no accounts"), "{}", none.stderr);
}
