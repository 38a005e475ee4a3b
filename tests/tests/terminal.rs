//! The verbs of the terminal, as a new user would type them.

use std::io::Write as _;

use pocket_tests::{PocketCommand, folder_of, repository, sample};
use serde_json::{Value, json};

fn json_of(ended: &pocket_tests::Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {} {}", ended.stdout, ended.stderr))
}

fn echo() -> String {
    sample("echo").display().to_string()
}

#[test]
fn a_tool_of_a_folder_runs_and_prints_its_output() {
    let pocket = PocketCommand::new();
    let ended = pocket.run(["run", &echo(), "{\"a\":1}"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (0, "{\"a\":1}\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_input_comes_from_a_file_from_stdin_or_field_by_field() {
    let pocket = PocketCommand::new();
    pocket.write("input.json", "{\"a\": 2}");
    assert_eq!(pocket.run(["run", &echo(), "@input.json"]).stdout, "{\"a\":2}\n");
    assert_eq!(
        pocket.run_with_input(["run", &echo(), "-"], "{\"a\": 3}").stdout,
        "{\"a\":3}\n"
    );
    let set = pocket.run(["run", &echo(), "{\"a\": 4}", "--set", "b=true", "--set", "c=text"]);
    assert_eq!(json_of(&set), json!({ "a": 4, "b": true, "c": "text" }));
}

#[test]
fn json_has_one_shape() {
    let pocket = PocketCommand::new();
    let ended = json_of(&pocket.run(["run", &echo(), "{\"a\":1}", "--json"]));
    assert_eq!(
        (&ended["tool"], &ended["code"], &ended["output"]),
        (&json!("echo"), &json!("ok"), &json!({ "a": 1 }))
    );
    for field in [
        "wall_us",
        "cpu_us",
        "memory_bytes",
        "requests",
        "sent_bytes",
        "received_bytes",
    ] {
        assert!(ended["usage"][field].is_u64(), "usage has {field}: {ended}");
    }
    assert!(ended["logs"].is_array());
    let refused = pocket.run(["run", "./nothing", "--json"]);
    assert_eq!(refused.code, 5);
    assert_eq!(json_of(&refused)["code"], "not_found");
}

#[test]
fn a_tool_is_added_listed_run_inspected_and_removed() {
    let pocket = PocketCommand::new();
    pocket.write("pocket.toml", "# mine\n[limits]\ntimeout = \"20s\" # enough\n");
    let trusted = pocket.run(["trust", "--yes"]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    let added = pocket.run(["add", &echo(), "--name", "repeat"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let file = std::fs::read_to_string(pocket.project().join("pocket.toml")).expect("the file is there");
    assert!(
        file.starts_with("# mine\n") && file.contains("# enough"),
        "comments stay: {file}"
    );
    assert!(file.contains("[tools.repeat]"), "{file}");
    let twice = pocket.run(["add", &echo(), "--name", "repeat"]);
    assert_eq!(twice.code, 5, "{}", twice.stderr);
    assert!(twice.stderr.contains("--name"), "{}", twice.stderr);
    let listed = json_of(&pocket.run(["list", "--json"]));
    assert_eq!(listed["tools"][0]["name"], "repeat");
    let ran = pocket.run(["run", "repeat", "{\"a\":1}"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "{\"a\":1}\n"), "{}", ran.stderr);
    let misspelt = pocket.run(["run", "repaet"]);
    assert!(misspelt.stderr.contains("repeat"), "{}", misspelt.stderr);
    let inspected = pocket.run(["inspect", "repeat"]);
    assert!(
        inspected.stdout.contains("may reach     nothing"),
        "{}",
        inspected.stdout
    );
    let removed = pocket.run(["remove", "repeat"]);
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    assert_eq!(json_of(&pocket.run(["list", "--json"]))["tools"], json!([]));
    assert_eq!(pocket.run(["remove", "repeat"]).code, 5);
}

#[test]
fn a_cloned_project_grants_nothing_before_a_person_says_so() {
    let pocket = PocketCommand::new();
    pocket.write(
        "pocket.toml",
        &format!(
            "[tools.echo]\nsource = \"{}\"\ngrant.http = [\"https://evil.example\"]\n",
            echo()
        ),
    );
    let refused = pocket.run(["run", "echo", "{}"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("pocket trust"), "{}", refused.stderr);
    let shown = pocket.run(["trust"]);
    assert_eq!(shown.code, 4);
    assert!(
        shown.stderr.contains("evil.example"),
        "what it asks is shown: {}",
        shown.stderr
    );
    assert_eq!(pocket.run(["trust", "--yes"]).code, 0);
    let ran = pocket.run(["run", "echo", "{}"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    pocket.write(
        "pocket.toml",
        &format!(
            "[tools.echo]\nsource = \"{}\"\ngrant.http = [\"https://worse.example\"]\n",
            echo()
        ),
    );
    let changed = pocket.run(["run", "echo", "{}"]);
    assert_eq!(changed.code, 4, "a change asks again: {}", changed.stderr);
    let shown = pocket.run(["trust"]).stderr;
    for (mark, host) in [("  + ", "worse.example"), ("  - ", "evil.example")] {
        let is_marked = shown.lines().any(|line| line.starts_with(mark) && line.contains(host));
        assert!(is_marked, "{mark}{host}: {shown}");
    }
}

/// A project with a tool in its folder that asks for a host.
fn with_a_tool_that_asks() -> PocketCommand {
    let pocket = PocketCommand::new();
    let manifest = json!({
        "tool": { "name": "asks" },
        "component": "tool.wasm",
        "permissions": { "http": ["GET https://api.example.com/v1/*"] },
    });
    folder_of(&pocket.project(), "print_args", &manifest);
    pocket
}

#[test]
fn a_tool_that_asks_for_hosts_is_added_only_with_a_word() {
    let pocket = with_a_tool_that_asks();
    let refused = pocket.run(["add", "./print_args"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("--yes=sha256:"), "{}", refused.stderr);
    assert!(!pocket.project().join("pocket.toml").exists(), "nothing was written");
    let wrong = pocket.run(["add", "./print_args", &format!("--yes=sha256:{}", "0".repeat(64))]);
    assert_eq!(wrong.code, 4, "{}", wrong.stderr);
    let inspected = json_of(&pocket.run(["inspect", "./print_args", "--json"]));
    let digest = inspected["digest"].as_str().expect("a digest");
    let added = pocket.run(["add", "./print_args", &format!("--yes={digest}")]);
    assert_eq!(added.code, 0, "{}", added.stderr);
}

#[test]
fn what_was_typed_wrong_ends_with_two() {
    let pocket = PocketCommand::new();
    assert_eq!(pocket.run(["rum", "x"]).code, 2);
    assert_eq!(pocket.run(["run"]).code, 2);
    assert_eq!(pocket.run(["run", &echo(), "{}", "--set", "nothing"]).code, 2);
    assert_eq!(pocket.run(["run", &echo(), "not json"]).code, 2);
}

#[test]
fn a_new_tool_is_valid_but_for_its_component() {
    let pocket = PocketCommand::new();
    for kind in ["command", "typed"] {
        let name = format!("my-{kind}");
        let made = pocket.run(["new", &name, "--kind", kind]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        let checked = json_of(&pocket.run(["check", &name, "--json"]));
        assert_eq!(checked["valid"], false);
        assert_eq!(
            checked["faults"].as_array().map(Vec::len),
            Some(1),
            "only the component is missing: {checked}"
        );
        assert_eq!(pocket.run(["new", &name]).code, 5, "it is not written over");
    }
}

#[test]
fn the_doctor_finds_what_stands_in_the_way() {
    let pocket = PocketCommand::new();
    pocket.write(".secrets.toml", "[auth.slack]\nclient_id = \"1\"\n");
    let path = pocket.project().join(".secrets.toml");
    std::os::unix::fs::chown(&path, None, None).expect("it is ours");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("its mode can be set");
    let ended = pocket.run(["doctor"]);
    assert_eq!(ended.code, 0, "{} {}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("chmod 600"), "{}", ended.stdout);
    assert!(ended.stdout.contains("pocket trust"), "{}", ended.stdout);
}

#[test]
fn the_doctor_looks_at_the_settings_that_hold() {
    let mut pocket = PocketCommand::new();
    let key = pocket.project().join("key");
    std::fs::write(&key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a file can be written");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode can be set");
    pocket.set("POCKET_STORE__KEY_FILE", key);
    let ended = pocket.run(["doctor"]);
    assert_eq!(ended.code, 0, "{} {}", ended.stdout, ended.stderr);
    let status = pocket.run(["auth", "status"]);
    assert_eq!(status.code, 0, "the store it made has that key: {}", status.stderr);
    let mut elsewhere = PocketCommand::new();
    elsewhere.set("POCKET_STORE__URL", "postgres://u:planted@127.0.0.1:1/x");
    elsewhere.set("POCKET_STORE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let ended = elsewhere.run(["doctor"]);
    assert_ne!(ended.code, 0, "{}", ended.stdout);
    assert!(!ended.stdout.contains("the token store open"), "{}", ended.stdout);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("planted"));
}

#[test]
fn the_cache_is_shown_and_cleaned() {
    let pocket = PocketCommand::new();
    assert_eq!(pocket.run(["run", &echo(), "{}"]).code, 0);
    assert!(
        json_of(&pocket.run(["cache", "show", "--json"]))["bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
    assert_eq!(pocket.run(["cache", "clean"]).code, 0);
    assert_eq!(json_of(&pocket.run(["cache", "show", "--json"]))["bytes"], 0);
    assert_eq!(
        pocket.run(["run", &echo(), "{}"]).code,
        0,
        "all of it can be made again"
    );
}

#[test]
fn completions_are_printed_for_the_usual_shells() {
    let pocket = PocketCommand::new();
    for shell in ["bash", "zsh", "fish"] {
        let ended = pocket.run(["completions", shell]);
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("pocket"), "{shell}");
    }
}

#[test]
fn what_is_given_for_one_run_holds_for_a_tool_that_was_added_too() {
    let pocket = PocketCommand::new();
    let manifest = json!({ "tool": { "name": "env" }, "component": "tool.wasm", "variables": { "TEAM": "T1" } });
    folder_of(&pocket.project(), "print_env", &manifest);
    assert_eq!(pocket.run(["add", "./print_env"]).code, 0);
    let wrong = pocket.run(["run", "env", "{}", &format!("--yes=sha256:{}", "0".repeat(64))]);
    assert_eq!(wrong.code, 4, "{}", wrong.stderr);
    let missing = pocket.run(["run", "env", "{}", "--folder", "/data=./nowhere"]);
    assert_ne!(missing.code, 0, "{}", missing.stdout);
    let given = pocket.run(["run", "env", "{}", "--variable", "TEAM=T2"]);
    assert!(
        given.stdout.contains("T2") && !given.stdout.contains("T1"),
        "{} {}",
        given.stdout,
        given.stderr
    );
    let after = pocket.run(["run", "env", "{}"]);
    assert!(
        after.stdout.contains("T1"),
        "it was for that run only: {}",
        after.stdout
    );
}

#[test]
fn an_added_tool_is_inspected_with_what_it_was_granted() {
    let pocket = with_a_tool_that_asks();
    let added = pocket.run([
        "add",
        "./print_args",
        "--yes",
        "--allow-private",
        "http://10.0.0.7:8080",
    ]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let inspected = pocket.run(["inspect", "asks"]);
    for line in [
        "GET https://api.example.com/v1/* (it asks, and was granted)",
        "http://10.0.0.7:8080 (`pocket.toml`, inner addresses too)",
    ] {
        assert!(inspected.stdout.contains(line), "{line}: {}", inspected.stdout);
    }
}

#[test]
fn what_a_rule_or_a_credential_does_not_show_is_told_beside_it() {
    let pocket = PocketCommand::new();
    let manifest = json!({
        "tool": { "name": "asks" },
        "component": "tool.wasm",
        "auth": { "auth_provider": "slack" },
        "permissions": { "http": ["https://*.github.io", "https://bücher.example"], "credentials": "env" },
    });
    folder_of(&pocket.project(), "print_args", &manifest);
    let inspected = pocket.run(["inspect", "./print_args"]);
    let refused = pocket.run(["add", "./print_args"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    for shown in [&inspected.stdout, &refused.stderr] {
        for words in [
            "https://*.github.io (anybody may have a host below `github.io`",
            "https://xn--bcher-kva.example (in Unicode `bücher.example`)",
            "to see the token itself",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }
}

#[test]
fn a_store_whose_key_is_lost_is_put_aside() {
    let pocket = PocketCommand::new();
    assert_eq!(pocket.run(["auth", "status"]).code, 0);
    std::fs::remove_file(pocket.home().join("data/store.key")).expect("the key is there");
    let lost = pocket.run(["auth", "status"]);
    assert_ne!(lost.code, 0);
    assert!(lost.stderr.contains("pocket auth reset"), "{}", lost.stderr);
    assert_eq!(pocket.run(["auth", "reset"]).code, 4, "a person has to say so");
    let reset = pocket.run(["auth", "reset", "--yes"]);
    assert_eq!(reset.code, 0, "{}", reset.stderr);
    assert_eq!(pocket.run(["auth", "status"]).code, 0);
}

/// The way of an author: new, build, run. Where rustup has no such target, its way is not there to be shown.
#[test]
fn a_new_tool_is_built_and_runs() {
    let target = std::process::Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip2"])
        .output();
    let installed =
        target.is_ok_and(|output| std::path::Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if !installed {
        let _ = writeln!(
            std::io::stderr(),
            "left out: building a new tool, since rustup has no wasm32-wasip2 here"
        );
        return;
    }
    let mut pocket = PocketCommand::new();
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let folder = std::env::var_os(variable).map_or_else(|| home.join(folder), Into::into);
        pocket.set(variable, folder.display().to_string());
    }
    let sdk = repository().join("guest-sdk").display().to_string();
    for kind in ["command", "typed"] {
        let name = format!("my-{kind}");
        assert_eq!(pocket.run(["new", &name, "--kind", kind, "--sdk-path", &sdk]).code, 0);
        let built = pocket.run(["build", &name]);
        assert_eq!(built.code, 0, "{} {}", built.stdout, built.stderr);
        let ran = pocket.run(["run", &format!("./{name}"), "{\"name\": \"world\"}"]);
        assert_eq!(ran.stdout.trim(), "{\"greeting\":\"Hello, world!\"}", "{}", ran.stderr);
    }
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let pocket = PocketCommand::new();
    for args in ["run TOOL {}", "run TOOL {} --json", "completions bash", "doctor"] {
        let args = args.replace("TOOL", &echo());
        let ended = pocket.run_into("/dev/full", args.split(' '));
        assert_eq!(ended.code, 70, "{args}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("could not be written"),
            "{args}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_person_is_asked_on_a_terminal_and_only_a_clear_yes_grants() {
    let pocket = with_a_tool_that_asks();
    for answer in ["n\n", "maybe\n", "\n"] {
        let refused = pocket.run_on_terminal(["add", "./print_args"], answer);
        assert_eq!(refused.code, 4, "{}", refused.stdout);
        assert!(
            refused.stdout.contains("GET https://api.example.com/v1/*"),
            "{}",
            refused.stdout
        );
        assert!(!pocket.project().join("pocket.toml").exists(), "nothing was written");
    }
    let added = pocket.run_on_terminal(["add", "./print_args"], "y\n");
    assert_eq!(added.code, 0, "{}", added.stdout);
    assert_eq!(pocket.run(["run", "asks", "{}"]).code, 0);
    pocket.write(
        "pocket.toml",
        "[tools.asks]\nsource = \"./print_args\"\ngrant.http = [\"https://more.example\"]\n",
    );
    let distrusted = pocket.run_on_terminal(["run", "asks", "{}"], "n\n");
    assert_eq!(distrusted.code, 4, "{}", distrusted.stdout);
    let trusted = pocket.run_on_terminal(["run", "asks", "{}"], "y\n");
    assert_eq!(trusted.code, 0, "{}", trusted.stdout);
    assert!(
        trusted.stdout.contains("more.example"),
        "what the file asks is shown: {}",
        trusted.stdout
    );
    assert_eq!(pocket.run(["run", "asks", "{}"]).code, 0, "it was said once");
}
