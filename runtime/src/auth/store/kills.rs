//! A process that is killed while it writes the store loses nothing that it was told is kept.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use crate::{
    auth::{
        RevocationStore as _, SqliteStore, TokenStore as _,
        store::{OpenStore, RecordKind, StoreSettings, Vault, conformance::account},
    },
    base::{
        home::Home,
        key::KeySource,
        net::{Net, NetSettings},
    },
};

/// Where the process that is killed has its home.
const HOME: &str = "POCKET_TEST_KILLED_HOME";

/// Distinct content for every version, of many lengths: from part of a page to several.
fn content(version: u64) -> Vec<u8> {
    let length = usize::try_from(version * 997 % 9_000).unwrap();
    let mut content = format!("{version};").into_bytes();
    content.resize(content.len() + length, u8::try_from(version % 251).unwrap());
    content
}

fn say(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}

fn at(home: &Path) -> (SqliteStore, Vault) {
    let data = home.join("data");
    let (store, key) =
        SqliteStore::open(&data.join("accounts.sqlite"), &KeySource::Home, &data.join("store.key")).unwrap();
    (store, Vault::new(key))
}

#[tokio::test]
#[ignore = "the process that another test kills"]
async fn a_process_that_saves_until_it_is_killed() {
    let home = std::env::var_os(HOME).unwrap();
    let (store, vault) = at(Path::new(&home));
    let mut next = 0_u64;
    loop {
        next += 1;
        let account = account(&format!("p{}", next % 7));
        let expected = store.version(&account).await.unwrap();
        let version = expected + 1;
        let lease = store.lease(&account, Duration::from_millis(1)).await.unwrap();
        let sealed = vault.seal_account(&account, version, &content(version));
        store.save(&account, &sealed, expected, lease.as_ref()).await.unwrap();
        say(&format!("kept {} {version}", account.profile.as_str()));
    }
}

#[tokio::test]
#[ignore = "the process that another test kills"]
async fn a_process_that_changes_the_key_until_it_is_killed() {
    let home = std::env::var_os(HOME).unwrap();
    let home = Home::at(Path::new(&home));
    let net = Net::new(NetSettings::default()).unwrap();
    loop {
        let store = OpenStore::open(&StoreSettings::default(), &home, &net).await.unwrap();
        say("kept opened 0");
        store.rekey(None).await.unwrap();
        say("kept rekeyed 0");
    }
}

/// As sign-outs do: it owes, takes it up, and settles every second one.
#[tokio::test]
#[ignore = "the process that another test kills"]
async fn a_process_that_owes_until_it_is_killed() {
    let home = std::env::var_os(HOME).unwrap();
    let (store, vault) = at(Path::new(&home));
    let seal = |id: &[u8; 16], what: &[u8]| vault.seal_flow(RecordKind::Revocation, id, what);
    for n in 0_u64.. {
        let id: [u8; 16] = rand::random();
        let owed = seal(&id, b"owed");
        store.owe(&id, &owed).await.unwrap();
        say(&format!("kept owed {}", hex::encode(id)));
        let tried = seal(&id, b"tried");
        assert!(store.put_off(&id, &owed, &tried).await.unwrap());
        say(&format!("kept tried {}", hex::encode(id)));
        if n % 2 == 0 {
            // Said before it is done: from here on it may be gone.
            say(&format!("kept settling {}", hex::encode(id)));
            store.settle(&id).await.unwrap();
        }
    }
}

/// Starts one of the tests above as a process of its own; what it says comes line by line.
fn start(test: &str, home: &Path) -> (Child, mpsc::Receiver<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
        .arg(format!("auth::store::kills::{test}"))
        .env(HOME, home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (say, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            // The name of the test may stand before it on the same line.
            if let Some((_, kept)) = line.split_once("kept ") {
                let _ = say.send(kept.to_owned());
            }
        }
    });
    (child, said)
}

/// Lets it work for a while that is another each time, and kills it; gives all that it said.
fn kill(mut child: Child, said: &mpsc::Receiver<String>, round: u64) -> Vec<String> {
    let mut lines: Vec<String> = (0..=round % 3)
        .map_while(|_| said.recv_timeout(Duration::from_secs(60)).ok())
        .collect();
    assert!(!lines.is_empty(), "the process said nothing");
    // Somewhere in the next write: this is no wait for anything.
    std::thread::sleep(Duration::from_micros(round * 379 % 3_000));
    child.kill().unwrap();
    child.wait().unwrap();
    lines.extend(said.iter());
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_kills_none_loses_or_tears_a_token_that_was_kept() {
    let home = tempfile::tempdir().unwrap();
    let mut kept = BTreeMap::<String, u64>::new();
    for round in 0..200 {
        let (child, said) = start("a_process_that_saves_until_it_is_killed", home.path());
        for line in kill(child, &said, round) {
            let (profile, version) = line.split_once(' ').unwrap();
            kept.insert(profile.to_owned(), version.parse().unwrap());
        }
        // Looking does not have to wait for every kill: what was torn stays torn.
        if round % 10 != 9 {
            continue;
        }
        let (store, vault) = at(home.path());
        for (profile, version) in &kept {
            let account = account(profile);
            let record = store.load(&account).await.unwrap().unwrap();
            assert!(
                record.version >= *version,
                "{profile}: {} after {version}",
                record.version
            );
            let plain = vault.open_account(&account, record.version, &record.sealed).unwrap();
            assert!(
                plain.as_slice() == content(record.version),
                "{profile} {}",
                record.version
            );
        }
    }
    assert!(kept.values().sum::<u64>() >= 200, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_the_key_is_changed_leaves_the_old_key_or_the_new_one() {
    let home = tempfile::tempdir().unwrap();
    let (store, vault) = at(home.path());
    for n in 0..20 {
        let account = account(&format!("p{n}"));
        let sealed = vault.seal_account(&account, 1, &content(n));
        store.save(&account, &sealed, 0, None).await.unwrap();
    }
    drop(store);
    let mut rekeyed = 0;
    for round in 0..40 {
        let (child, said) = start("a_process_that_changes_the_key_until_it_is_killed", home.path());
        rekeyed += kill(child, &said, round)
            .iter()
            .filter(|line| line.starts_with("rekeyed"))
            .count();
        let (store, vault) = at(home.path());
        for n in 0..20 {
            let account = account(&format!("p{n}"));
            let record = store.load(&account).await.unwrap().unwrap();
            let plain = vault.open_account(&account, 1, &record.sealed).unwrap();
            assert!(plain.as_slice() == content(n), "{n}");
        }
    }
    assert!(rekeyed > 0, "no key was ever changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_or_tears_what_is_owed() {
    let home = tempfile::tempdir().unwrap();
    let mut kept = BTreeMap::<String, String>::new();
    for round in 0..60 {
        let (child, said) = start("a_process_that_owes_until_it_is_killed", home.path());
        for line in kill(child, &said, round) {
            let (state, id) = line.split_once(' ').unwrap();
            kept.insert(id.to_owned(), state.to_owned());
        }
    }
    let (store, vault) = at(home.path());
    let mut found = BTreeMap::new();
    for (id, sealed) in store.owed().await.unwrap() {
        let plain = vault.open_flow(RecordKind::Revocation, &id, &sealed).unwrap();
        found.insert(hex::encode(id), String::from_utf8(plain.to_vec()).unwrap());
    }
    let mut lasting = 0;
    for (id, state) in &kept {
        match (state.as_str(), found.get(id).map(String::as_str)) {
            // What was not said yet may be done already.
            ("owed", Some("owed" | "tried")) | ("tried", Some("tried")) => lasting += 1,
            ("settling", _) => {}
            (state, found) => panic!("{id} was {state} and is {found:?}"),
        }
    }
    assert!(lasting > 10, "{kept:?}");
}
