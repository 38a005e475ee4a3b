//! Folders that a tool writes: each profile's own.

use std::fs;

use pocket_runtime::{Access, Code, FolderGrant, Home, Input, Pocket, Settings};
use pocket_tests::Embedder;
use serde_json::json;

/// A `Pocket` with `write_file`, which is given this folder.
async fn given(embedder: &Embedder, grant: FolderGrant) -> Result<Pocket, pocket_runtime::Error> {
    let settings = Settings::standard().expect("the embedded files are valid");
    let pocket = Pocket::builder().home(Home::at(embedder.home())).settings(settings);
    pocket.tool(embedder.program("write_file").folder(grant)).build().await
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
