//! `.secrets.toml`: what is wrong in it is told with its place and without its secrets, and who else can reach it is said.

use std::os::unix::fs::PermissionsExt as _;

use pocket_tests::{Ended, PocketCommand};

const RIGHT: &str = "[auth.slack]\nclient_id = \"1.2\"\nclient_secret = \"planted-secret\"\n";

/// Reads a file that is wrong: it is refused, and nothing of its secrets is shown.
fn refused(text: &str) -> String {
    let pocket = PocketCommand::new();
    pocket.write(".secrets.toml", text);
    let Ended { code, stdout, stderr } = pocket.run(["auth", "status"]);
    assert_eq!(code, 5, "{stderr}");
    assert_eq!(stdout, "");
    assert!(!stderr.contains("planted"), "{stderr}");
    let left = std::fs::read_to_string(pocket.project().join(".secrets.toml"));
    assert_eq!(left.expect("the file is still there"), text);
    stderr
}

#[test]
fn a_malformed_file_of_secrets_is_told_with_line_and_column() {
    for (text, line) in [
        (
            "[auth.slack]\nclient_id = \"1.2\"\nclient_secret = \"planted-secret\n",
            3,
        ),
        ("[auth.slack]\nclient_id = \"1.2\"\nclient_secret = planted-secret\n", 3),
        ("[auth.slack\nclient_secret = \"planted-secret\"\n", 1),
        ("[auth.slack]\nclient_id = \"1.2\"\nclient_id = \"planted-secret\"\n", 3),
    ] {
        let said = refused(text);
        let (_, place) = said
            .split_once(&format!(".secrets.toml:{line}:"))
            .unwrap_or_else(|| panic!("{text}: {said}"));
        let (column, _) = place.split_once(": ").expect("a message follows");
        assert!(column.parse::<usize>().is_ok_and(|column| column > 0), "{said}");
    }
}

#[test]
fn a_key_or_a_value_of_another_kind_is_told_with_its_place() {
    for (text, says) in [
        (
            "[auth.slack]\nclient_sceret = \"planted-secret\"\n",
            ".secrets.toml:2:1: unknown field `client_sceret`",
        ),
        (
            "[auth]\nslack = \"planted-secret\"\n",
            "this is a string, expected a table of your client",
        ),
        (
            "[auth.slack]\nclient_secret = 7\n",
            ".secrets.toml:2:17: this is an integer, expected a string",
        ),
        (
            "[auth.slack]\ntoken = \"planted-secret\"\n",
            ".secrets.toml:2:9: this is no word that is known here, expected `bot` or `user`",
        ),
    ] {
        let said = refused(text);
        assert!(said.contains(says), "{text}: {said}");
    }
}

#[test]
fn a_provider_that_there_is_not_is_told_with_its_place_and_the_nearest_name() {
    let said = refused("# Clients.\n[auth.slak]\nclient_id = \"1.2\"\nclient_secret = \"planted-secret\"\n");
    assert!(said.contains("[auth.slak] in .secrets.toml:2:7: "), "{said}");
    assert!(said.contains("`slack`"), "{said}");
}

#[test]
fn what_a_readme_has_in_place_of_a_value_is_refused() {
    let said = refused("[auth.github]\nclient_id = \"Ov23...\"\nclient_secret = \"...\"\n");
    assert!(
        said.contains("[auth.github] in .secrets.toml:2:1: `client_id`: "),
        "{said}"
    );
    assert!(
        said.contains("hint: copy the client id from the page of your app at GitHub"),
        "{said}"
    );
    let said = refused("[auth.github]\nclient_id = \"Ov23\"\nclient_secret = \"planted-secret \"\n");
    assert!(
        said.contains("[auth.github] in .secrets.toml:3:1: `client_secret`: "),
        "{said}"
    );
}

#[test]
fn a_fault_in_a_variable_names_it() {
    let mut pocket = PocketCommand::new();
    pocket.set("POCKET_CALLBACK__PORT", "99999");
    let ended = pocket.run(["auth", "status"]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("variable POCKET_CALLBACK__PORT: expected a port from 1 to 65535"),
        "{}",
        ended.stderr
    );
}

#[test]
fn others_who_can_reach_a_file_of_secrets_are_warned_of() {
    let mut pocket = PocketCommand::new();
    pocket.write(".secrets.toml", RIGHT);
    pocket.set("POCKET_TRUST_PROJECT", "1");
    let file = pocket.project().join(".secrets.toml");
    for (mode, says) in [
        (0o600, None),
        (0o644, Some("other users can read this file of secrets")),
        (0o620, Some("other users can change this file of secrets")),
        (0o666, Some("other users can read and change this file of secrets")),
    ] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("its mode can be set");
        let ended = pocket.run(["auth", "status"]);
        assert_eq!(ended.code, 0, "{mode:o}: {}", ended.stderr);
        match says {
            Some(says) => {
                assert!(ended.stderr.contains(says), "{mode:o}: {}", ended.stderr);
                assert!(ended.stderr.contains("chmod 600"), "{mode:o}: {}", ended.stderr);
            }
            None => assert!(!ended.stderr.contains("file of secrets"), "{mode:o}: {}", ended.stderr),
        }
        assert!(!ended.stderr.contains("planted"), "{mode:o}: {}", ended.stderr);
    }
}
