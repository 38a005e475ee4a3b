//! What a tool may reach, in plain words.

use crate::{
    Error,
    base::{name::Profile, text::shown_on_one_line},
    package::{Access, FolderGrant, Grant, Manifest, Rule},
    pocket::{Pocket, loaded::folders},
    settings::{Settings, ToolSettings},
};

/// What a tool may reach, in plain words.
///
/// ```
/// # async fn show(pocket: pocket_runtime::Pocket) -> Result<(), pocket_runtime::Error> {
/// for line in pocket.for_profile("alice").reach_of("echo").await?.lines() {
///     println!("{line}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reach {
    /// Where it may send requests, and by whose leave, each on one line.
    pub requests: Vec<String>,
    /// The folders of this machine that it is given.
    pub folders: Vec<FolderGrant>,
    /// What it asks for and was not granted, each on one line.
    pub withheld: Vec<String>,
}

impl Reach {
    /// As it was granted, for calls of this profile; `of_project` is what `pocket.toml` says of it.
    #[must_use]
    pub fn of(
        manifest: &Manifest,
        grant: &Grant,
        profile: &Profile,
        of_project: Option<&ToolSettings>,
        settings: &Settings,
    ) -> Self {
        let operators: Vec<Rule> = of_project.iter().flat_map(|tool| tool.http.clone()).collect();
        let mut requests = if grant.credential.is_given_by(profile) {
            hosts_of_provider(manifest, settings)
        } else {
            Vec::new()
        };
        let asked = Rule::in_both(&manifest.permissions.http, &grant.http);
        requests.extend(
            asked
                .iter()
                .map(|rule| format!("{} (it asks, and was granted)", rule.in_words())),
        );
        requests.extend(operators.iter().map(|rule| by_leave_of("`pocket.toml`", rule)));
        let folders = of_project.iter().flat_map(|tool| &tool.files).chain(&grant.files);
        let folders: Vec<FolderGrant> = folders.cloned().collect();
        Self {
            requests,
            withheld: withheld(manifest, grant, profile, &operators, &folders),
            folders,
        }
    }

    /// What a tool would reach once it is granted all that it asks, a line each.
    #[must_use]
    pub fn would_be(manifest: &Manifest, settings: &Settings) -> Vec<String> {
        let mut reach = hosts_of_provider(manifest, settings);
        reach.extend(manifest.permissions.http.iter().map(Rule::in_words));
        let files = manifest.permissions.files.iter();
        reach.extend(files.map(|file| format!("a folder, as {}", shown_on_one_line(&file.guest))));
        reach
    }

    /// All of it, a line each; a folder with where it is on this machine.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let folders = self.folders.iter().map(|grant| {
            let (guest, folder) = (shown_on_one_line(&grant.guest), grant.folder.display().to_string());
            format!("{guest}: {} `{}`", in_words(grant.access), shown_on_one_line(&folder))
        });
        self.requests.iter().cloned().chain(folders).collect()
    }

    /// All of it, a line each, for whom it does not concern how this machine's folders are called.
    #[must_use]
    pub fn lines_for_others(&self) -> Vec<String> {
        let folders = self.folders.iter().map(|grant| {
            format!(
                "a folder to {}, as {}",
                in_words(grant.access),
                shown_on_one_line(&grant.guest)
            )
        });
        self.requests.iter().cloned().chain(folders).collect()
    }
}

impl Pocket {
    /// What a tool may reach in calls of this profile.
    ///
    /// # Errors
    /// [`Error::NoTool`].
    pub async fn reach_of(&self, name: &str) -> Result<Reach, Error> {
        let loaded = self.loaded(name).await?;
        let Some(installed) = &loaded.installed else {
            let all = "whatever the program that it is a part of reaches: it runs in no sandbox";
            return Ok(Reach {
                requests: vec![all.to_owned()],
                folders: Vec::new(),
                withheld: Vec::new(),
            });
        };
        let settings = self.settings();
        let of_project = settings.tools.get(&installed.name);
        let manifest = &installed.package.manifest;
        let (grant, profile, of_program) = (&installed.grant, self.profile(), &loaded.entry.allow);
        let mut reach = Reach::of(manifest, grant, profile, of_project, settings);
        let by_program = of_program.iter();
        reach
            .requests
            .extend(by_program.map(|rule| by_leave_of("the program that serves it", rule)));
        reach.folders = folders(installed, of_project, &loaded.entry);
        let operators = of_project.iter().flat_map(|tool| &tool.http).chain(of_program);
        let operators: Vec<Rule> = operators.cloned().collect();
        reach.withheld = withheld(manifest, grant, profile, &operators, &reach.folders);
        Ok(reach)
    }
}

/// What a manifest asks for that neither a grant nor the operator gives.
fn withheld(
    manifest: &Manifest,
    grant: &Grant,
    profile: &Profile,
    operators: &[Rule],
    folders: &[FolderGrant],
) -> Vec<String> {
    let need = manifest.auth.as_ref();
    let need = need.filter(|_need| !grant.credential.is_given_by(profile));
    let credential = need.map(|need| format!("your {} credential", need.provider));
    let is_given = |rule: &Rule| {
        let rule = std::slice::from_ref(rule);
        !Rule::in_both(rule, &grant.http).is_empty() || !Rule::in_both(rule, operators).is_empty()
    };
    let rules = manifest.permissions.http.iter().filter(|rule| !is_given(rule));
    let files = manifest.permissions.files.iter();
    let files = files.filter(|file| folders.iter().all(|folder| folder.guest != file.guest));
    let rules = rules.map(|rule| format!("requests to {}", rule.in_words()));
    let files = files.map(|file| format!("a folder, as {}", shown_on_one_line(&file.guest)));
    credential.into_iter().chain(rules).chain(files).collect()
}

fn by_leave_of(whom: &str, rule: &Rule) -> String {
    let inner = if rule.is_private() { ", inner addresses too" } else { "" };
    format!("{} ({whom}{inner})", rule.in_words())
}

fn hosts_of_provider(manifest: &Manifest, settings: &Settings) -> Vec<String> {
    let need = manifest.auth.as_ref();
    let Some(provider) = need.and_then(|need| settings.providers.find(&need.provider).ok()) else {
        return Vec::new();
    };
    if provider.hosts.is_empty() {
        return vec![format!(
            "no host of {} is known for certain: grant one with --allow",
            provider.title
        )];
    }
    let hosts = provider.hosts.iter();
    hosts
        .map(|host| format!("https://{host} with your {} credential", provider.name))
        .collect()
}

const fn in_words(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "read and write",
    }
}
