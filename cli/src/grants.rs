//! What a tool asks, shown to a person, and what that person gives.

use std::{collections::BTreeMap, path::Path};

use pocket_runtime::{
    Access, AccountOwner, Candidate, Code, Digest, FolderGrant, Grant, Pocket, Profile, Rule, ToolEntry,
    shown_on_one_line,
};

use crate::{
    args,
    ask::{Answer, ask},
    asks::{Asks, scopes_of_account},
    failure::Failure,
    place::Place,
    terminal::Terminal,
};

/// What was granted without a question, read once.
pub(crate) struct Given {
    pub(crate) allow: Vec<Rule>,
    pub(crate) variables: BTreeMap<String, String>,
    folders: Vec<FolderGrant>,
    yes: Yes,
    /// Who gives it.
    pub(crate) profile: Profile,
}

/// What `--yes` agrees to.
enum Yes {
    /// It was not there.
    Unsaid,
    /// Hosts, and more time and memory; no credential and no folder.
    Hosts,
    /// All that is asked under this digest.
    All(Digest),
}

impl Given {
    /// Relative folders are read from the working directory.
    pub(crate) fn read(args: args::Grants, place: &Place) -> Result<Self, Failure> {
        let args::Grants {
            mut allow,
            allow_private,
            variable,
            folder,
            yes,
        } = args;
        allow.extend(allow_private.into_iter().map(Rule::private));
        let variables = variable.iter().map(|text| assignment(text)).collect::<Result<_, _>>()?;
        let folders = folder
            .iter()
            .map(|text| folder_grant(text, &place.working_directory))
            .collect::<Result<_, _>>()?;
        let yes = match yes.as_deref() {
            None => Yes::Unsaid,
            Some("") => Yes::Hosts,
            Some(digest) => Yes::All(digest.parse().map_err(|e: pocket_runtime::NotADigest| {
                Failure::usage(e.to_string()).hint("`pocket inspect` prints it")
            })?),
        };
        Ok(Self {
            allow,
            variables,
            folders,
            yes,
            profile: Profile::new(&place.profile),
        })
    }

    /// What holds for a tool that is run without being added.
    pub(crate) fn entry(&self) -> ToolEntry {
        let entry = self.allow.iter().cloned().fold(ToolEntry::default(), ToolEntry::allow);
        self.variables
            .iter()
            .fold(entry, |entry, (name, value)| entry.variable(name, value))
    }

    /// That what `--yes` agrees to is this candidate, whether or not it asks for anything.
    pub(crate) fn check_digest(&self, candidate: &Candidate) -> Result<(), Failure> {
        match &self.yes {
            Yes::All(digest) if *digest != candidate.digest() => Err(other_digest(digest, candidate)),
            Yes::All(_) | Yes::Hosts | Yes::Unsaid => Ok(()),
        }
    }

    /// The folders that were given.
    pub(crate) fn folders(&self) -> &[FolderGrant] {
        &self.folders
    }

    /// Whether anything was given without a question.
    pub(crate) fn says_something(&self) -> bool {
        let Self {
            allow,
            variables,
            folders,
            yes,
            profile: _,
        } = self;
        !(allow.is_empty() && variables.is_empty() && folders.is_empty() && matches!(yes, Yes::Unsaid))
    }

    /// What was granted before, and what was given now beside it: a folder of the same name in the guest is replaced.
    pub(crate) fn over(&self, before: Grant, candidate: &Candidate) -> Result<Grant, Failure> {
        self.check_digest(candidate)?;
        let mut grant = before;
        grant
            .files
            .retain(|kept| !self.folders.iter().any(|new| new.guest == kept.guest));
        grant.files.extend(self.folders.iter().cloned());
        match &self.yes {
            Yes::Unsaid => {}
            Yes::Hosts => self.agree(Agreed::Hosts, candidate, &mut grant),
            Yes::All(_checked) => self.agree(Agreed::All, candidate, &mut grant),
        }
        Ok(grant)
    }

    /// What a candidate gets: what was given without a question, and what a person agrees to now.
    ///
    /// The owner is whose account the tool uses, and `pocket` knows the accounts.
    pub(crate) async fn decide(
        &self,
        candidate: &Candidate,
        purpose: Purpose,
        owner: &AccountOwner,
        pocket: &Pocket,
        terminal: &Terminal,
    ) -> Result<Grant, Failure> {
        self.check_digest(candidate)?;
        let manifest = &candidate.package.manifest;
        let asks = Asks::of(manifest);
        let mut grant = Grant {
            files: self.folders.clone(),
            ..Grant::default()
        };
        let agreed = match &self.yes {
            _nothing_asked if asks.is_empty() => Agreed::Hosts,
            Yes::All(_checked) => Agreed::All,
            Yes::Hosts => Agreed::Hosts,
            Yes::Unsaid if terminal.can_ask() => {
                let pocket = pocket.for_profile(self.profile.as_str());
                let has = match &manifest.auth {
                    Some(need) => scopes_of_account(&pocket, &need.provider, owner).await?,
                    None => Vec::new(),
                };
                agreed_by_a_person(&Asks::beside(manifest, &has), candidate, terminal)?
            }
            Yes::Unsaid if purpose == Purpose::Run => Agreed::Nothing,
            Yes::Unsaid => return Err(nobody_to_ask(&asks, candidate)),
        };
        self.agree(agreed, candidate, &mut grant);
        Ok(grant)
    }

    fn agree(&self, agreed: Agreed, candidate: &Candidate, grant: &mut Grant) {
        let manifest = &candidate.package.manifest;
        if agreed != Agreed::Nothing {
            grant.http.clone_from(&manifest.permissions.http);
            grant.timeout = manifest.permissions.timeout;
            grant.memory = manifest.permissions.memory;
        }
        if agreed == Agreed::All && manifest.auth.is_some() {
            grant.credential = std::mem::take(&mut grant.credential).and_of(self.profile.clone());
        }
    }
}

/// What a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// One run: what is not granted is refused when the tool tries it.
    Run,
    /// To stay: nothing is half granted without a person's word.
    Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreed {
    Nothing,
    Hosts,
    All,
}

fn agreed_by_a_person(asks: &Asks, candidate: &Candidate, terminal: &Terminal) -> Result<Agreed, Failure> {
    asks.show(candidate, terminal);
    match ask(terminal, "Grant all of it?") {
        Answer::Yes => Ok(Agreed::All),
        Answer::No => Err(Failure::said(Code::Denied, "not granted")),
    }
}

fn other_digest(said: &Digest, candidate: &Candidate) -> Failure {
    let message = format!(
        "what this tool asks is not what `--yes` agrees to: {said}; it is: {}",
        candidate.digest()
    );
    Failure::said(Code::Denied, message).hint("see what it asks with `pocket inspect`")
}

fn nobody_to_ask(asks: &Asks, candidate: &Candidate) -> Failure {
    let message = format!(
        "this tool asks for what a person has to grant: {}",
        asks.lines.join("; ")
    );
    Failure::said(Code::Denied, message).hint(format!(
        "`--yes={}` grants exactly this; plain `--yes` grants hosts, but no credential",
        candidate.digest()
    ))
}

fn assignment(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _other => Err(Failure::usage(format!("write `--variable NAME=VALUE`: `{text}`"))),
    }
}

/// `/data=./data` or `/data=./data/{profile}:write`.
fn folder_grant(text: &str, typed_in: &Path) -> Result<FolderGrant, Failure> {
    let usage = || {
        Failure::usage(format!(
            "write `--folder /GUEST=FOLDER` or `--folder '/GUEST=FOLDER/{{profile}}:write'`: `{text}`"
        ))
    };
    let (guest, folder) = text.split_once('=').ok_or_else(usage)?;
    let (folder, access) = access_to(folder, text)?;
    if !guest.starts_with('/') || folder.is_empty() {
        return Err(usage());
    }
    let written = FolderGrant::new(guest, folder, access);
    check_folder(&written, folder, text)?;
    // Looked at now: a folder that is not there must not be kept as a grant.
    let base = written.base();
    let found = typed_in.join(base).canonicalize().ok().filter(|path| path.is_dir());
    let folder = found.ok_or_else(|| {
        let message = format!("there is no such folder to give the tool: `{}`", base.display());
        Failure::said(Code::NotFound, message).hint("a relative folder is one of the working directory")
    })?;
    let folder = if written.is_per_profile() {
        folder.join("{profile}")
    } else {
        folder
    };
    Ok(FolderGrant::new(guest, folder, access))
}

/// The folder, and what may be done there by the word after its last `:`. A folder whose own name ends like that is given with a word.
fn access_to<'t>(folder: &'t str, text: &str) -> Result<(&'t str, Access), Failure> {
    match folder.rsplit_once(':') {
        Some((folder, "write")) => Ok((folder, Access::Write)),
        Some((folder, "read")) => Ok((folder, Access::Read)),
        Some((_folder, word)) if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic()) => {
            let message = format!(
                "what a tool may do in a folder is `read` or `write`, not `{word}`: `{}`",
                shown_on_one_line(text)
            );
            Err(Failure::usage(message).hint(format!(
                "a folder whose name ends in `:{word}` is given with `:read` after it"
            )))
        }
        _plain => Ok((folder, Access::Read)),
    }
}

/// That a folder may be given so. `folder` is how it was typed.
fn check_folder(written: &FolderGrant, folder: &str, text: &str) -> Result<(), Failure> {
    let refused = |reason: &str| Failure::usage(format!("{reason}: `{}`", shown_on_one_line(text)));
    // What to write instead is known where nothing like it was written.
    let is_named = folder.to_lowercase().contains("{profile}");
    if written.access == Access::Write && !is_named {
        let base = folder.trim_end_matches('/');
        let hint = format!(
            "write `--folder '{}={base}/{{profile}}:write'`: each profile then has a folder of its own in `{folder}`",
            written.guest
        );
        return Err(refused("a folder that a tool writes is each profile's own").hint(hint));
    }
    written.check().map_err(|reason| {
        let refused = refused(reason);
        if reason.contains("{profile}") {
            refused.hint("`{profile}`, in small letters, ends a path: `./notes/{profile}`")
        } else {
            refused
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn told(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("notes")).unwrap();
        match folder_grant(text, folder.path()) {
            Ok(grant) => {
                let base = folder.path().canonicalize().unwrap();
                let below = grant.folder.strip_prefix(&base).unwrap().display().to_string();
                format!("{} {below} {:?}", grant.guest, grant.access)
            }
            Err(failure) => format!("{} | {}", failure.message(), failure.hints().join(" | ")),
        }
    }

    #[test]
    fn a_folder_is_read_and_what_is_wrong_with_it_is_told() {
        for (text, expected) in [
            ("/data=./notes", "/data notes Read"),
            ("/data=notes:read", "/data notes Read"),
            ("/data=./notes/{profile}", "/data notes/{profile} Read"),
            ("/data=./notes/{profile}:write", "/data notes/{profile} Write"),
            ("/data=./notes:write", "--folder '/data=./notes/{profile}:write'"),
            ("/data=./notes/:write", "--folder '/data=./notes/{profile}:write'"),
            ("/data=./notes/{profile}:rw", "is `read` or `write`, not `rw`"),
            ("/data=./notes:w", "is `read` or `write`, not `w`"),
            ("/data=./notes/{profile}/x:write", "`{profile}` is the last step"),
            ("/data=./notes/{profile}/x", "`{profile}` is the last step"),
            ("/data=./notes/{Profile}:write", "in small letters"),
            ("/data=./nowhere", "no such folder"),
            ("/data=./notes/a:1", "no such folder"),
            ("/data/=./notes", "name for a folder"),
            ("/data/../x=./notes", "name for a folder"),
            ("/da\u{202e}ta=./notes", "are not seen"),
            ("data=./notes", "write `--folder /GUEST=FOLDER`"),
            ("/data=", "write `--folder /GUEST=FOLDER`"),
            ("/data", "write `--folder /GUEST=FOLDER`"),
        ] {
            let told = told(text);
            assert!(told.contains(expected), "{text}: {told}");
            assert!(
                !told.contains("{profile}/x/{profile}") && !told.contains("{Profile}/{profile}"),
                "{told}"
            );
        }
    }
}
