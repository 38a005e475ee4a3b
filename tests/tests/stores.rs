//! The token store as a user meets it: moved, given another key, broken, full.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use pocket_tests::{Browser, Ended, PocketCommand, Postgres, Redis, SlackCommand, SlackSettings};

const OTHER_KEY: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Compares what a command showed with its snapshot, without what differs from run to run.
macro_rules! shows {
    ($pocket:expr, $ended:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
                (r"lost-\d{8}-\d{6}", "lost-[TIME]"),
                (r"the disk image is malformed|database disk image is malformed", "[MALFORMED]"),
            ],
            omit_expression => true,
        }, {
            insta::assert_snapshot!($pocket.shown(&$ended));
        })
    };
}

/// A user with an account.
struct Story {
    slack: SlackCommand,
}

impl Story {
    async fn signed_in() -> Self {
        let slack = SlackCommand::start(SlackSettings::default()).await;
        slack.pocket.write("passphrase", "correct horse battery\nmore\n");
        let mut running = slack.pocket.start(["auth", "login", "slack"]);
        let url = running.word(&format!("https://localhost:{}/sign-in/", slack.port));
        let mut browser = Browser::new();
        let page = browser.open(&url).await;
        let consent = browser.submit(&page, &[]).await;
        let done = browser.submit(&consent, &[("decision", "allow")]).await;
        assert!(done.status.is_success(), "{} {}", done.url, done.body);
        let ended = tokio::task::spawn_blocking(|| running.end()).await.expect("it ends");
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        Self { slack }
    }

    fn pocket(&mut self) -> &mut PocketCommand {
        &mut self.slack.pocket
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.slack.pocket.run(args)
    }

    #[track_caller]
    fn does(&self, args: &[&str]) -> Ended {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{args:?}: {} {}", ended.stdout, ended.stderr);
        ended
    }

    #[track_caller]
    fn is_signed_in(&self) {
        let status = self.does(&["auth", "status"]);
        assert!(status.stdout.contains("ready"), "{} {}", status.stdout, status.stderr);
    }

    /// From here on on another machine.
    fn moves_home(&mut self, name: &str) {
        let home = self.pocket().user_home().join(name).display().to_string();
        self.pocket().set("POCKET_HOME", &home);
    }

    fn file(&self) -> PathBuf {
        self.slack.pocket.home().join("data/accounts.sqlite")
    }

    fn export(&self) -> PathBuf {
        self.does(&["auth", "export", "accounts.pocket", "--passphrase-file", "passphrase"]);
        self.slack.pocket.project().join("accounts.pocket")
    }

    fn import(&self, more: &[&str]) -> Ended {
        let words = ["auth", "import", "accounts.pocket", "--passphrase-file", "passphrase"];
        self.run(&[&words, more].concat())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_move_to_another_machine_in_a_sealed_file() {
    let mut story = Story::signed_in().await;
    let exported = story.does(&["auth", "export", "accounts.pocket", "--passphrase-file", "passphrase"]);
    shows!(story.pocket(), exported);
    let file = story.pocket().project().join("accounts.pocket");
    assert_eq!(
        fs::metadata(&file).expect("it is there").permissions().mode() & 0o777,
        0o600
    );
    let bytes = fs::read(&file).expect("it can be read");
    assert!(!String::from_utf8_lossy(&bytes).contains("xox"), "a token is seen");
    story.moves_home("other");
    let shown = story.import(&["--dry-run"]);
    shows!(story.pocket(), shown);
    let brought = story.import(&[]);
    shows!(story.pocket(), brought);
    story.is_signed_in();
    let again = story.import(&["--json"]);
    let told: serde_json::Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(told["accounts"][0]["done"], "same", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_wrong_in_any_way_is_told_so_and_brings_nothing() {
    let mut story = Story::signed_in().await;
    let file = story.export();
    let whole = fs::read(&file).expect("it can be read");
    story.moves_home("other");
    story.pocket().write("wrong", "another passphrase");
    let wrong = story.run(&["auth", "import", "accounts.pocket", "--passphrase-file", "wrong"]);
    shows!(story.pocket(), wrong);
    let mut flipped = whole.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    for (content, what) in [
        (&whole[..whole.len() - 9], "and says that it has"),
        (&flipped, "was altered"),
        (b"{}".as_slice(), "no export"),
    ] {
        fs::write(&file, content).expect("it can be written");
        let ended = story.import(&[]);
        assert_eq!(ended.code, 5, "{}", ended.stderr);
        assert!(
            ended.stderr.contains(what) && ended.stderr.contains("hint"),
            "{}",
            ended.stderr
        );
    }
    let status = story.does(&["auth", "status"]);
    assert!(status.stderr.contains("no accounts"), "{}", status.stderr);
    let missing = story.run(&["auth", "import", "nothing", "--passphrase-file", "passphrase"]);
    assert_eq!(missing.code, 5, "{}", missing.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_overwrites_no_other_file_and_asks_for_a_passphrase_only_a_person() {
    let mut story = Story::signed_in().await;
    story.pocket().write("notes.txt", "mine").write("short", "1234567");
    let refused = story.run(&["auth", "export", "notes.txt", "--passphrase-file", "passphrase"]);
    shows!(story.pocket(), refused);
    let nobody = story.run(&["auth", "export", "accounts.pocket"]);
    shows!(story.pocket(), nobody);
    let short = story.run(&["auth", "export", "accounts.pocket", "--passphrase-file", "short"]);
    assert_eq!(short.code, 2, "{}", short.stderr);
    assert!(!story.pocket().project().join("accounts.pocket").exists());
    let notes = fs::read(story.pocket().project().join("notes.txt")).expect("it is there");
    assert_eq!(notes, b"mine");
    // Over an export of before it may write.
    story.export();
    story.export();
    let words = ["auth", "export", "typed.pocket"];
    let differ = story.pocket().run_on_terminal(words, "one passphrase\nanother one\n");
    assert!(differ.stdout.contains("differ"), "{}", differ.stdout);
    let typed = story
        .pocket()
        .run_on_terminal(words, "correct horse battery\ncorrect horse battery\n");
    assert_eq!(typed.code, 0, "{}", typed.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_gets_a_new_key() {
    let mut story = Story::signed_in().await;
    let key = story.pocket().home().join("data/store.key");
    let before = fs::read(&key).expect("there is a key");
    let done = story.does(&["auth", "rekey"]);
    shows!(story.pocket(), done);
    assert_ne!(fs::read(&key).expect("there is a key"), before);
    story.is_signed_in();
    story.pocket().write("new.key", OTHER_KEY);
    let file = story.pocket().project().join("new.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
    let done = story.does(&["auth", "rekey", "--new-key-file", "new.key"]);
    shows!(story.pocket(), done);
    let closed = story.run(&["auth", "status"]);
    shows!(story.pocket(), closed);
    story.pocket().set("POCKET_STORE_KEY", OTHER_KEY);
    story.is_signed_in();
    let given = story.run(&["auth", "rekey"]);
    shows!(story.pocket(), given);
    story.is_signed_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_move_between_all_kinds_of_stores() {
    let (Some(postgres), Some(redis)) = (Postgres::start(), Redis::start()) else {
        return;
    };
    let mut story = Story::signed_in().await;
    story.export();
    let (first, second) = (postgres.url(&postgres.database()), redis.url("0"));
    for url in [&first, &second] {
        story.pocket().set("POCKET_STORE__URL", url);
        let brought = story.import(&[]);
        assert!(
            brought.stdout.contains("added"),
            "{} {}",
            brought.stdout,
            brought.stderr
        );
        story.is_signed_in();
        story.does(&["auth", "rekey"]);
        story.is_signed_in();
        story.export();
    }
    let url = format!("{second}&pass=planted-password");
    story.pocket().set("POCKET_STORE__URL", &url);
    drop(redis);
    let gone = story.run(&["auth", "status", "--verbose"]);
    assert_eq!(gone.code, 6, "{}", gone.stderr);
    assert!(!format!("{gone:?}").contains("planted"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_as_it_should_be_is_refused_and_left_as_it_is() {
    let mut story = Story::signed_in().await;
    // What waits in the log goes into the file by that.
    story.does(&["auth", "rekey"]);
    let key = fs::read_to_string(story.pocket().home().join("data/store.key")).expect("there is a key");
    let file = story.file();
    let whole = fs::read(&file).expect("it is there");
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("its mode can be set");

    story.pocket().set("POCKET_STORE_KEY", OTHER_KEY);
    let wrong_key = story.run(&["auth", "status"]);
    shows!(story.pocket(), wrong_key);
    story.pocket().set("POCKET_STORE_KEY", &key);

    mode(0o640);
    let readable = story.run(&["auth", "status"]);
    shows!(story.pocket(), readable);
    mode(0o600);

    // `PRAGMA user_version`, which stands at byte 60.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&9_u32.to_be_bytes());
    fs::write(&file, &newer).expect("it can be written");
    let ended = story.run(&["auth", "status"]);
    shows!(story.pocket(), ended);
    assert!(fs::read(&file).expect("it is there") == newer);

    let cut = &whole[..whole.len() / 2];
    fs::write(&file, cut).expect("it can be written");
    let ended = story.run(&["auth", "status"]);
    assert_eq!(ended.code, 70, "{}", ended.stderr);
    assert!(ended.stderr.contains("the token store is damaged"), "{}", ended.stderr);
    assert!(fs::read(&file).expect("it is there") == cut);

    fs::write(&file, &whole).expect("it can be written");
    let elsewhere = story.pocket().user_home().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("it can be moved");
    std::os::unix::fs::symlink(&elsewhere, &file).expect("a link can be made");
    let link = story.run(&["auth", "status"]);
    shows!(story.pocket(), link);
    fs::remove_file(&file).expect("it can be removed");
    fs::rename(&elsewhere, &file).expect("it can be moved");
    story.is_signed_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_system_refuses_is_an_error_and_costs_nothing() {
    let story = Story::signed_in().await;
    story.export();
    story.does(&["auth", "rekey"]);
    let before = fs::read(story.file()).expect("it is there");
    // No file may grow beyond so many half kilobytes, as with a quota or on a full disk.
    for limit in [0, 8, 60] {
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        let ended = story.slack.pocket.run_under(&script, ["auth", "rekey", "--json"]);
        assert_ne!(ended.code, 0, "{limit}: {} {}", ended.stdout, ended.stderr);
        assert!(fs::read(story.file()).expect("it is there") == before, "{limit}");
        story.is_signed_in();
    }
    story.does(&["auth", "rekey"]);
    story.is_signed_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_this_user_cannot_write_or_that_is_anothers_is_told() {
    let story = Story::signed_in().await;
    let data = story.slack.pocket.home().join("data");
    let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&data).expect("it is there")) == 0;
    let drop_root = if is_root {
        "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" \"$@\""
    } else {
        "exec \"$0\" \"$@\""
    };
    let mode = |path: &PathBuf, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode can be set");
    };
    for folder in [story.slack.pocket.user_home().to_owned(), story.slack.pocket.home()] {
        mode(&folder, 0o755);
    }
    mode(&data, 0o500);
    // The project's own files are not this user's to read.
    let empty = story.slack.pocket.user_home().join("empty");
    fs::create_dir(&empty).expect("a folder can be made");
    let empty = empty.display().to_string();
    let before = fs::read(story.file()).expect("it is there");
    let ended = story
        .slack
        .pocket
        .run_under(drop_root, ["auth", "status", "--project", empty.as_str()]);
    assert_ne!(ended.code, 0, "{}", ended.stdout);
    assert!(
        ended.stderr.contains("accounts.sqlite") || ended.stderr.contains("data"),
        "{}",
        ended.stderr
    );
    mode(&data, 0o700);
    if is_root {
        // Of another user, though readable by all that run here.
        std::os::unix::fs::chown(story.file(), Some(12_345), None).expect("root can give a file away");
        let ended = story.run(&["auth", "status"]);
        assert!(ended.stderr.contains("belongs to another user"), "{}", ended.stderr);
        std::os::unix::fs::chown(story.file(), Some(0), None).expect("root can take a file");
    }
    assert!(fs::read(story.file()).expect("it is there") == before);
    story.is_signed_in();
}

#[test]
fn a_project_that_names_its_own_server_for_tokens_asks_a_person_first_and_shows_no_password() {
    let mut pocket = PocketCommand::new();
    pocket.write(
        ".secrets.toml",
        "[store]\nurl = \"postgres://u:planted-password@evil.example/tokens?sslmode=disable\"\n",
    );
    let refused = pocket.run(["auth", "status"]);
    shows!(pocket, refused);
    let wrong = "postgres:planted-password";
    pocket.set("POCKET_STORE__URL", "mysql://u:planted-password@h/x");
    let ended = pocket.run(["auth", "status"]);
    shows!(pocket, ended);
    pocket.set("POCKET_STORE__URL", wrong);
    assert!(!format!("{:?}", pocket.run(["auth", "status"])).contains("planted"));
}

/// A session of a desktop, with a bus and a keyring of its own that `daemon` begins; `"$0" "$@"` is the command in it.
fn in_a_session(pocket: &PocketCommand, daemon: &str, args: &[&str]) -> Ended {
    let inner = format!("{daemon} >/dev/null 2>&1; exec \"$0\" \"$@\"");
    let script = format!("exec dbus-run-session -- sh -c '{inner}' \"$0\" \"$@\"");
    pocket.run_under(&script, args)
}

/// Whether this machine has what makes such a session; says what is left out where not.
fn has_a_keyring() -> bool {
    let has = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    let missing = ["dbus-run-session", "gnome-keyring-daemon"]
        .into_iter()
        .find(|program| !has(program));
    if let Some(program) = missing {
        let line = format!("left out: the key of a token store in a keyring, since this machine has no `{program}`\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    missing.is_none()
}

#[test]
fn a_key_is_kept_in_the_keyring_of_a_desktop_and_asked_for_there_alone() {
    if !has_a_keyring() {
        return;
    }
    let unlocked = "printf planted | gnome-keyring-daemon --unlock --components=secrets";
    let locked = "gnome-keyring-daemon --start --components=secrets </dev/null";
    let mut pocket = PocketCommand::new();
    let runtime = pocket.user_home().join("runtime");
    fs::create_dir(&runtime).expect("a folder can be made");
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).expect("its mode can be set");
    let runtime = runtime.display().to_string();
    pocket
        .set("XDG_RUNTIME_DIR", &runtime)
        .set("POCKET_STORE__KEYRING", "auto");
    let made = in_a_session(&pocket, unlocked, &["auth", "status"]);
    assert_eq!(
        (made.code, made.stderr.contains("no accounts")),
        (0, true),
        "{}",
        made.stderr
    );
    assert!(!pocket.home().join("data/store.key").exists(), "{}", made.stderr);
    let again = in_a_session(&pocket, unlocked, &["auth", "rekey"]);
    assert!(again.stderr.contains("keyring"), "{}", again.stderr);
    let again = in_a_session(&pocket, unlocked, &["auth", "status"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    // Turned off later, it still is where the key is.
    pocket.set("POCKET_STORE__KEYRING", "off");
    let again = in_a_session(&pocket, unlocked, &["auth", "status"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let closed = in_a_session(&pocket, locked, &["auth", "status"]);
    assert_eq!(closed.code, 5, "{}", closed.stderr);
    assert!(closed.stderr.contains("the keyring is locked"), "{}", closed.stderr);
    assert!(closed.stderr.contains("unlock the keyring"), "{}", closed.stderr);
    let absent = pocket.run(["auth", "status"]);
    assert_eq!(absent.code, 5, "{}", absent.stderr);
    assert!(
        absent.stderr.contains("keyring") && absent.stderr.contains("hint"),
        "{}",
        absent.stderr
    );
    assert!(!pocket.home().join("data/store.key").exists(), "a new key was made");
}

#[test]
fn a_keyring_that_never_answers_holds_nothing_up_and_is_told_once() {
    let mut pocket = PocketCommand::new();
    let socket = pocket.user_home().join("bus");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket can be made");
    std::thread::spawn(move || {
        // Who calls is heard, and never answered.
        let mut held = Vec::new();
        for caller in listener.incoming() {
            held.push(caller);
        }
    });
    let address = format!("unix:path={}", socket.display());
    pocket
        .set("DBUS_SESSION_BUS_ADDRESS", &address)
        .set("POCKET_STORE__KEYRING", "auto");
    let made = pocket.run(["auth", "status"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(made.stderr.contains("did not answer within 8 s"), "{}", made.stderr);
    assert!(pocket.home().join("data/store.key").exists());
    let again = pocket.run(["auth", "status"]);
    assert!(!again.stderr.contains("keyring"), "it was said twice: {}", again.stderr);
}
