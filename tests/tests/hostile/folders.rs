//! Folders that a tool writes: each profile's own.

use std::{fs, os::unix::fs::symlink, path::Path};

use pocket_runtime::{Access, Code, FolderGrant, Grant, Home, Input, Pocket, Profile, Settings, ToolEntry, Trust};
use pocket_tests::Embedder;
use serde_json::{Value, json};

/// A `Pocket` with `write_file`, which is given this folder.
async fn given(embedder: &Embedder, grant: FolderGrant) -> Result<Pocket, pocket_runtime::Error> {
    given_to("write_file", embedder, grant).await
}

async fn given_to(program: &str, embedder: &Embedder, grant: FolderGrant) -> Result<Pocket, pocket_runtime::Error> {
    let settings = Settings::standard().expect("the embedded files are valid");
    let pocket = Pocket::builder().home(Home::at(embedder.home())).settings(settings);
    pocket.tool(embedder.program(program).folder(grant)).build().await
}

/// How a call of this profile ends.
async fn ended(pocket: &Pocket, profile: &str, tool: &str, input: Value) -> Result<Value, pocket_runtime::Error> {
    let pocket = pocket.for_profile(profile);
    let called = pocket
        .call(tool, Input::Json(input), pocket_runtime::CallOptions::default())
        .await;
    called
        .expect("the guest is there")
        .ended
        .map(pocket_runtime::Value::into_json)
}

/// What `read_root` sees at `/in/note`.
async fn note(pocket: &Pocket) -> Result<Value, pocket_runtime::Error> {
    let seen = ended(pocket, "ann", "read_root", json!({ "paths": ["/in/note"] })).await;
    seen.map(|mut seen| seen["/in/note"].take())
}

fn assert_linked(refused: Result<Value, pocket_runtime::Error>) {
    let error = refused.expect_err("a link is there");
    assert_eq!(error.code(), Code::NotFound, "{error}");
    assert!(error.to_string().contains("is a link now"), "{error}");
}

/// Puts a link in place of a folder, and gives back how to undo it.
fn exchange(folder: &Path, target: &Path) -> impl FnOnce() + use<> {
    let (folder, aside) = (folder.to_owned(), folder.with_extension("aside"));
    fs::rename(&folder, &aside).expect("it can be renamed");
    symlink(target, &folder).expect("a link can be made");
    move || {
        fs::remove_file(&folder).expect("the link can be removed");
        fs::rename(&aside, &folder).expect("it can be renamed");
    }
}

/// Folders with a note each, which says where it is.
fn with_notes(base: &Path, folders: &[&str]) {
    for folder in folders {
        fs::create_dir_all(base.join(folder)).expect("a folder can be made");
        fs::write(base.join(folder).join("note"), folder).expect("a file can be written");
    }
}

async fn writes(pocket: &Pocket, profile: &str, path: &str) -> bool {
    let pocket = pocket.for_profile(profile);
    let input = Input::Json(json!({ "path": path, "text": profile }));
    let called = pocket
        .call("write_file", input, pocket_runtime::CallOptions::default())
        .await;
    let output = called
        .expect("the guest is there")
        .ended
        .expect("it ends well")
        .into_json();
    output["written"].as_bool().expect("it says so")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_profile_writes_in_a_folder_of_its_own_whatever_it_is_called() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    let base = folder.path().join("notes");
    fs::create_dir(&base).expect("a folder can be made");
    let grant = FolderGrant::new("/data", base.join("{profile}"), Access::Write);
    let pocket = given(&embedder, grant).await.expect("it can be built");
    let names = [
        "ann",
        "Ann",
        "..",
        "../..",
        "/etc",
        "a/b",
        "",
        "{profile}",
        "%2E%2E",
        "\u{202e}",
    ];
    for name in names {
        assert!(writes(&pocket, name, "/data/note").await, "{name:?}");
        for other in ["/data/../ann/note", "/data/../other", "/data/../../other"] {
            assert!(
                !writes(&pocket, name, other).await,
                "{name:?} does not leave its own: {other}"
            );
        }
    }
    let made: Vec<_> = fs::read_dir(&base)
        .expect("it can be read")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert_eq!(made.len(), names.len(), "{made:?}");
    let mut notes: Vec<String> = made
        .iter()
        .map(|folder| fs::read_to_string(folder.join("note")).expect("each has its note"))
        .collect();
    notes.sort();
    let mut names = names.map(str::to_owned);
    names.sort();
    assert_eq!(notes, names);
    let beside = fs::read_dir(folder.path()).expect("it can be read").count();
    assert_eq!(beside, 1, "nothing lies outside of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_folder_that_profiles_would_share_is_refused() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    for path in ["", "{profile}/inner", "x{profile}", "{profile}x"] {
        let grant = FolderGrant::new("/data", folder.path().join(path), Access::Write);
        let error = given(&embedder, grant).await.expect_err("it is shared");
        assert_eq!(error.code(), Code::NotValid, "{error}");
        assert!(error.hints().iter().any(|hint| hint.contains("{profile}")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_takes_the_place_of_a_folder_to_read_leads_nowhere() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    let at = |path: &str| folder.path().join(path);
    with_notes(
        folder.path(),
        &["notes/ann/out", "secret", "secret/out", "secret/ann/out"],
    );
    let grant = FolderGrant::new("/in", at("notes/ann/out"), Access::Read);
    let pocket = given_to("read_root", &embedder, grant).await.expect("it can be built");
    let given = json!({ "text": "notes/ann/out" });
    assert_eq!(note(&pocket).await.expect("it is read"), given);
    for (taken, target) in [
        ("notes/ann/out", "../../secret"),
        ("notes/ann", "../secret"),
        ("notes", "secret"),
    ] {
        let undo = exchange(&at(taken), Path::new(target));
        assert_linked(note(&pocket).await);
        undo();
        assert_eq!(note(&pocket).await.expect("it is read again"), given, "{taken}");
    }
    // Pocket's own folder, where keys lie: it was no link when that was looked at.
    let undo = exchange(&at("notes/ann/out"), &embedder.home());
    assert_linked(note(&pocket).await);
    undo();
    // A link to the very folder is one too: who put it there can put another in its place.
    let undo = exchange(&at("notes/ann/out"), &at("notes/ann/out.aside"));
    assert_linked(note(&pocket).await);
    undo();
    assert_eq!(note(&pocket).await.expect("it is read again"), given);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_operators_is_followed_once() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    let at = |path: &str| folder.path().join(path);
    with_notes(folder.path(), &["first", "second"]);
    symlink("first", at("current")).expect("a link can be made");
    let grant = FolderGrant::new("/in", at("current"), Access::Read);
    let pocket = given_to("read_root", &embedder, grant).await.expect("it can be built");
    assert_eq!(note(&pocket).await.expect("it is read"), json!({ "text": "first" }));
    fs::remove_file(at("current")).expect("the link can be removed");
    symlink("second", at("current")).expect("a link can be made");
    assert_eq!(
        note(&pocket).await.expect("it is read"),
        json!({ "text": "first" }),
        "it leads where it led when the tool was loaded"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_takes_the_place_of_a_written_folder_leads_nowhere_and_nothing_is_made_there() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    let at = |path: &str| folder.path().join(path);
    for made in ["notes", "elsewhere"] {
        fs::create_dir(at(made)).expect("a folder can be made");
    }
    let grant = FolderGrant::new("/data", at("notes/{profile}"), Access::Write);
    let pocket = given(&embedder, grant).await.expect("it can be built");
    let write = json!({ "path": "/data/note", "text": "new" });
    assert!(writes(&pocket, "ann", "/data/note").await);
    for taken in ["notes/ann", "notes"] {
        let undo = exchange(&at(taken), &at("elsewhere"));
        assert_linked(ended(&pocket, "ann", "write_file", write.clone()).await);
        if taken == "notes" {
            assert_linked(ended(&pocket, "bob", "write_file", write.clone()).await);
        }
        undo();
        let made = fs::read_dir(at("elsewhere")).expect("it can be read").count();
        assert_eq!(made, 0, "{taken}");
    }
    symlink(at("elsewhere/none"), at("notes/eve")).expect("a link can be made");
    assert_linked(ended(&pocket, "eve", "write_file", write).await);
    assert!(!at("elsewhere/none").exists());
    for profile in ["ann", "bob"] {
        assert!(writes(&pocket, profile, "/data/note").await, "{profile}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_what_a_tool_writes_is_given_to_no_tool() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    fs::create_dir_all(folder.path().join("notes/ann/out")).expect("a folder can be made");
    let grant = |guest: &str, path: &str, access| FolderGrant::new(guest, folder.path().join(path), access);
    let entry = embedder
        .program("read_root")
        .folder(grant("/data", "notes/{profile}", Access::Write))
        .folder(grant("/in", "notes/ann/out", Access::Read));
    let settings = Settings::standard().expect("the embedded files are valid");
    let pocket = Pocket::builder().home(Home::at(embedder.home())).settings(settings);
    let error = pocket
        .tool(entry)
        .build()
        .await
        .expect_err("a guest could put a link there");
    assert_eq!(error.code(), Code::Denied, "{error}");
}

/// What `write_file` writes, and a folder in it that `read_root` would read.
fn nested(base: &Path) -> (FolderGrant, FolderGrant) {
    fs::create_dir_all(base.join("notes/ann/out")).expect("a folder can be made");
    (
        FolderGrant::new("/data", base.join("notes/{profile}"), Access::Write),
        FolderGrant::new("/in", base.join("notes/ann/out"), Access::Read),
    )
}

fn of_folder(folder: FolderGrant) -> Grant {
    Grant {
        files: vec![folder],
        ..Grant::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_what_another_tool_writes_is_refused_wherever_that_was_given() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    let (written, read) = nested(folder.path());
    let source = |name: &str| embedder.project().join("tools").join(name).display().to_string();
    let (writer, reader) = (embedder.program("write_file"), embedder.program("read_root"));
    let given = async |builder: pocket_runtime::PocketBuilder, entries: Vec<ToolEntry>| {
        let settings = Settings::standard().expect("the embedded files are valid");
        let builder = builder.settings(settings);
        entries
            .into_iter()
            .fold(builder, |builder, entry| builder.tool(entry))
            .build()
            .await
    };
    let (writes, reads) = (
        writer.clone().folder(written.clone()),
        reader.clone().folder(read.clone()),
    );
    for entries in [vec![writes.clone(), reads.clone()], vec![reads.clone(), writes]] {
        let error = given(Pocket::builder().home(Home::at(embedder.home())), entries).await;
        assert_eq!(error.expect_err("by the program").code(), Code::Denied);
    }
    given(embedder.builder(), vec![reads.clone()])
        .await
        .expect("nobody writes there yet");

    // By the lock: to a tool that this `Pocket` does not even open.
    let pocket = given(embedder.builder(), Vec::new()).await.expect("it can be built");
    let candidate = pocket.inspect(&source("write_file")).await.expect("it is there");
    let added = pocket.add(candidate.clone(), None, of_folder(written.clone())).await;
    added.expect("it can be added");
    let error = given(embedder.builder(), vec![reads.clone()]).await;
    assert_eq!(error.expect_err("by the lock").code(), Code::Denied);
    let other = given(embedder.builder(), Vec::new()).await.expect("it can be built");
    let reader = other.inspect(&source("read_root")).await.expect("it is there");
    let before = embedder.read("pocket.lock");
    let refused = other.add(reader, None, of_folder(read.clone())).await;
    assert_eq!(refused.expect_err("by the lock").code(), Code::Denied);
    assert_eq!(embedder.read("pocket.lock"), before, "nothing is added that is refused");
    pocket.remove("write_file").await.expect("it can be removed");
    given(embedder.builder(), vec![reads.clone()])
        .await
        .expect("nobody writes there any more");

    // For as long as this `Pocket` lives.
    let for_now = pocket.add_for_now(
        candidate.clone(),
        None,
        of_folder(written.clone()),
        ToolEntry::default(),
    );
    for_now.await.expect("it can be added");
    let reader = pocket.inspect(&source("read_root")).await.expect("it is there");
    let refused = pocket
        .add_for_now(reader, None, of_folder(read), ToolEntry::default())
        .await;
    assert_eq!(refused.expect_err("for now").code(), Code::Denied);

    // By a person, to a tool that was run without being added.
    let kept = Trust::new(&Home::at(embedder.home())).keep_grant(&candidate, &Profile::new("ann"), &of_folder(written));
    kept.expect("it can be kept");
    let error = given(embedder.builder(), vec![reads]).await;
    assert_eq!(error.expect_err("by a person").code(), Code::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_none_and_one_of_two_folders_are_refused() {
    let (embedder, folder) = (Embedder::new(), tempfile::tempdir().expect("a folder can be made"));
    let names: [&[&str]; 5] = [&["/in", "/in"], &[""], &["in"], &["/in/../.."], &["/in\u{202e}"]];
    for names in names {
        let entry = names.iter().fold(embedder.program("read_root"), |entry, name| {
            entry.folder(FolderGrant::new(*name, folder.path(), Access::Read))
        });
        let settings = Settings::standard().expect("the embedded files are valid");
        let pocket = Pocket::builder().home(Home::at(embedder.home())).settings(settings);
        let error = pocket.tool(entry).build().await.expect_err("it is refused");
        assert_eq!(error.code(), Code::NotValid, "{names:?}: {error}");
    }
}
