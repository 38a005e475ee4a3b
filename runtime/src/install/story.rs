//! Tools from paths and repositories, added, opened, changed under us, updated and removed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    base::{home::Home, name::ToolName, net::NetSettings},
    install::{Candidate, InstallError, Installed, Installer, LockMode, Update},
    package::{CredentialGrant, Grant},
    provider::Providers,
    source::{Fetcher, Reference, Source, SourceError, SourceSettings},
};

/// `(component (instance) (export "wasi:cli/run@0.2.6" (instance 0)))`
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0\x05\x03\x01\x01\0\x0b\x18\x01\0\x12wasi:cli/run@0.2.6\x05\0\0";

struct Story {
    folder: TempDir,
    providers: Providers,
    installer: Installer,
}

impl Story {
    fn new(mode: fn(&Path) -> LockMode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        let installer = installer(folder.path(), mode);
        Self {
            providers: Providers::builtin().unwrap(),
            installer,
            folder,
        }
    }

    /// As the next process sees it.
    fn again(&self) -> Installer {
        installer(self.folder.path(), in_project)
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("project").join(path)
    }

    fn write_tool(&self, at: &Path, manifest: &Value) {
        fs::create_dir_all(at).unwrap();
        fs::write(at.join("pocket.json"), manifest.to_string()).unwrap();
        fs::write(at.join("tool.wasm"), COMPONENT).unwrap();
    }

    /// A commit of a tool in a repository beside the project.
    fn commit_tool(&self, manifest: &Value) {
        let path = self.folder.path().join("repo");
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        let repository = git2::Repository::init_opts(&path, &options).unwrap();
        self.write_tool(&path.join("t"), manifest);
        let mut index = repository.index().unwrap();
        index.add_all(["t"], git2::IndexAddOption::DEFAULT, None).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = git2::Signature::new("a", "a@example.com", &git2::Time::new(1, 0)).unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        repository
            .commit(Some("HEAD"), &who, &who, "m", &tree, &parents)
            .unwrap();
    }

    fn repository(&self) -> String {
        format!("file://{}#main:t", self.folder.path().join("repo").display())
    }

    async fn inspect(&self, written: &str) -> Candidate {
        self.installer
            .inspect(&self.source(written), &self.providers, None)
            .await
            .unwrap()
    }

    fn source(&self, written: &str) -> Source {
        match self.installer.reference(written).unwrap() {
            Reference::Source(source) => source,
            Reference::Name(name) => panic!("{name} is a name"),
        }
    }

    async fn add(&self, written: &str, grant: Grant) -> Installed {
        let candidate = self.inspect(written).await;
        self.installer.install(candidate, name(), grant).await.unwrap()
    }

    async fn open(&self) -> Result<Installed, InstallError> {
        self.again().open(&name(), &self.providers, None).await
    }

    async fn update(&self, installed: &Installed) -> Update {
        self.installer.update(installed, &self.providers, None).await.unwrap()
    }

    fn edit_lock(&self, edit: impl FnOnce(String) -> String) {
        let path = self.path("pocket.lock");
        let before = fs::read_to_string(&path).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after, "the edit found its place");
        fs::write(path, after).unwrap();
    }
}

fn installer(folder: &Path, mode: fn(&Path) -> LockMode) -> Installer {
    let home = Home::at(folder.join("home"));
    let fetcher = Fetcher::new(&home, &NetSettings::default()).unwrap();
    let project = folder.join("project");
    Installer::new(
        &home,
        project.clone(),
        mode(&project),
        fetcher,
        SourceSettings::default(),
    )
    .unwrap()
}

fn in_project(project: &Path) -> LockMode {
    LockMode::Project(project.to_owned())
}

fn name() -> ToolName {
    "tool".parse().unwrap()
}

fn manifest(scopes: &[&str]) -> Value {
    json!({
        "tool": { "name": "tool", "description": "d", "inputSchema": { "type": "object" } },
        "auth": { "auth_provider": "slack", "scopes": scopes },
        "permissions": { "http": ["https://files.example.com/*"] }
    })
}

fn given() -> Grant {
    Grant {
        credential: CredentialGrant::Given,
        http: vec!["https://files.example.com/*".parse().unwrap()],
        ..Grant::default()
    }
}

fn scopes(installed: &Installed) -> Vec<String> {
    installed.package.manifest.auth.clone().unwrap().scopes
}

#[tokio::test]
async fn a_tool_of_a_repository_stays_what_it_was_until_it_is_updated() {
    let story = Story::new(in_project);
    story.commit_tool(&manifest(&["channels:history"]));
    let added = story.add(&story.repository(), given()).await;
    story.commit_tool(&manifest(&["channels:history", "im:history"]));

    let opened = story.open().await.unwrap();
    assert_eq!(
        (opened.tree, &opened.grant, &opened.source),
        (added.tree, &given(), &added.source)
    );
    assert_eq!(scopes(&opened), ["channels:history"]);
    assert_eq!(Candidate::of(&opened).digest(), Candidate::of(&added).digest());

    let update = story.update(&opened).await;
    let what: Vec<&str> = update.changes.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(what, ["commit", "scopes"]);
    assert_eq!(update.changes[1].to, "channels:history, im:history");
    assert!(update.widens);
    assert_eq!(update.grant.credential, CredentialGrant::Withheld);
    story
        .installer
        .install(update.candidate, name(), given())
        .await
        .unwrap();
    let opened = story.open().await.unwrap();
    assert_eq!(scopes(&opened), ["channels:history", "im:history"]);
    assert!(story.update(&opened).await.changes.is_empty());
}

#[tokio::test]
async fn a_pinned_tool_opens_without_its_repository() {
    let story = Story::new(in_project);
    story.commit_tool(&manifest(&[]));
    story.add(&story.repository(), given()).await;
    fs::remove_dir_all(story.folder.path().join("repo")).unwrap();
    story.open().await.unwrap();
    fs::remove_dir_all(story.folder.path().join("home/cache")).unwrap();
    let gone = story.open().await;
    assert!(
        matches!(gone, Err(InstallError::Source(SourceError::NoRepository(_)))),
        "{gone:?}"
    );
}

#[tokio::test]
async fn each_digest_of_the_lock_is_compared_and_both_are_named() {
    let story = Story::new(in_project);
    story.commit_tool(&manifest(&[]));
    let added = story.add(&story.repository(), given()).await;
    let untouched = fs::read_to_string(story.path("pocket.lock")).unwrap();
    let other = crate::Digest::of(b"other");
    for (key, what, real) in [
        ("tree", "folder", added.tree.unwrap()),
        ("manifest", "manifest", added.package.manifest.digest),
        ("component", "component", added.package.component.digest),
        ("agreed", "grant", Candidate::of(&added).digest()),
    ] {
        story.edit_lock(|text| text.replace(&format!("{key} = \"{real}\""), &format!("{key} = \"{other}\"")));
        let Err(error @ InstallError::Mismatch { what: named, .. }) = story.open().await else {
            panic!("{key} was not compared");
        };
        assert_eq!(named, what);
        let told = error.to_string();
        assert!(
            told.contains(&other.to_string()) && told.contains(&real.to_string()),
            "{told}"
        );
        fs::write(story.path("pocket.lock"), &untouched).unwrap();
    }
    story.open().await.unwrap();
}

#[tokio::test]
async fn a_cache_that_has_another_tree_under_a_pinned_commit_is_refused() {
    let story = Story::new(in_project);
    let head = || {
        let repository = git2::Repository::open(story.folder.path().join("repo")).unwrap();
        repository.refname_to_id("HEAD").unwrap().to_string()
    };
    story.commit_tool(&manifest(&["channels:history"]));
    let first = story.repository().replace("main", &head());
    let added = story.add(&first, given()).await;
    story.commit_tool(&manifest(&["channels:history", "im:history"]));
    let second = story.repository().replace("main", &head());
    let other = story.inspect(&second).await;

    // Both are whole, each under its own digest: only the index says which is whose.
    let index = fs::read_dir(story.folder.path().join("home/cache/packages/index")).unwrap();
    let entries: Vec<_> = index.map(|entry| entry.unwrap().path()).collect();
    let [one, two] = &entries[..] else {
        panic!("there are two: {entries:?}")
    };
    let [of_one, of_two] = [one, two].map(|path| fs::read(path).unwrap());
    fs::write(one, of_two).unwrap();
    fs::write(two, of_one).unwrap();
    assert_eq!(story.inspect(&first).await.tree, other.tree, "it is swapped");

    let here = story.again().open_here(&name(), &story.providers).await;
    for refused in [story.open().await.map(Some), here] {
        let Err(InstallError::Mismatch { what, .. }) = refused else {
            panic!("it is compared: {refused:?}");
        };
        assert_eq!(what, "folder");
    }
    fs::remove_dir_all(story.folder.path().join("home/cache/packages")).unwrap();
    assert_eq!(story.open().await.unwrap().tree, added.tree);
}

#[tokio::test]
async fn a_lock_whose_text_and_pin_differ_is_refused() {
    let story = Story::new(in_project);
    story.commit_tool(&manifest(&[]));
    story.add(&story.repository(), given()).await;
    story.edit_lock(|text| text.replace("#main:t\"", "#main:innocent\""));
    let refused = story.open().await;
    assert!(matches!(refused, Err(InstallError::FileNotValid { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_path_is_read_anew_and_gets_no_more_than_was_agreed() {
    let story = Story::new(in_project);
    let tool = story.path("tool");
    story.write_tool(&tool, &manifest(&["a", "b"]));
    story.add("./tool", given()).await;

    let mut described = manifest(&["a", "b"]);
    described["tool"]["description"] = json!("new");
    story.write_tool(&tool, &described);
    let opened = story.open().await.unwrap();
    assert_eq!(
        (opened.package.manifest.description.as_str(), &opened.grant),
        ("new", &given())
    );

    story.write_tool(&tool, &manifest(&["b", "c"]));
    let opened = story.open().await.unwrap();
    assert_eq!(
        (scopes(&opened), opened.grant.credential.clone()),
        (vec!["b".to_owned()], CredentialGrant::Given)
    );
    let update = story.update(&opened).await;
    assert!(update.widens);

    let mut other = manifest(&[]);
    other["auth"] = json!({ "auth_provider": "github" });
    story.write_tool(&tool, &other);
    let opened = story.open().await.unwrap();
    assert_eq!(opened.grant.credential, CredentialGrant::Withheld);
    assert_eq!(opened.grant.http, given().http);
}

#[tokio::test]
async fn a_project_that_was_moved_keeps_its_grants() {
    let story = Story::new(in_project);
    story.write_tool(&story.path("tool"), &manifest(&["a"]));
    story.add("./tool", given()).await;
    let moved = story.folder.path().join("moved");
    fs::rename(story.path(""), &moved).unwrap();
    let home = Home::at(story.folder.path().join("home"));
    let fetcher = Fetcher::new(&home, &NetSettings::default()).unwrap();
    let installer = Installer::new(
        &home,
        moved.clone(),
        LockMode::Project(moved),
        fetcher,
        SourceSettings::default(),
    )
    .unwrap();
    let opened = installer.open(&name(), &story.providers, None).await.unwrap();
    assert_eq!(opened.grant, given());
}

#[cfg(unix)]
#[tokio::test]
async fn a_tool_that_others_can_write_is_not_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let story = Story::new(in_project);
    let tool = story.path("tool");
    story.write_tool(&tool, &manifest(&[]));
    story.add("./tool", given()).await;
    fs::set_permissions(tool.join("tool.wasm"), fs::Permissions::from_mode(0o666)).unwrap();
    let refused = story.open().await;
    assert!(
        matches!(refused, Err(InstallError::OthersCanWrite { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_removed_is_gone_and_what_never_was_is_not_found() {
    let story = Story::new(in_project);
    story.write_tool(&story.path("tool"), &manifest(&[]));
    story.add("./tool", given()).await;
    assert_eq!(story.again().names().unwrap(), [name()]);
    story.installer.remove(&name()).await.unwrap();
    assert!(story.again().names().unwrap().is_empty());
    assert!(matches!(
        story.installer.remove(&name()).await,
        Err(InstallError::NotInLock { .. })
    ));
    assert!(matches!(story.open().await, Err(InstallError::NotInLock { .. })));
}

#[tokio::test]
async fn an_unlocked_project_writes_no_file() {
    let story = Story::new(|_| LockMode::Memory);
    story.write_tool(&story.path("tool"), &manifest(&[]));
    story.add("./tool", given()).await;
    let opened = story.installer.open(&name(), &story.providers, None).await.unwrap();
    assert_eq!(opened.grant, given());
    assert!(!story.path("pocket.lock").exists());
    assert!(story.again().names().unwrap().is_empty());
}
