//! What of the file system a process that runs guests needs.

use std::path::{Path, PathBuf};

use pocket_runtime::{
    Access, FetchScope, FolderGrant, GitSource, Profile, Reference, Settings, Source, ToolName, create_private_dir,
};

use super::{Held, starter::Bounds};
use crate::{args, failure::Failure, grants::Given, place::Place};

/// What the system's own libraries read: to find names, to trust certificates, to know the time and the machine. What is not there is
/// left out.
const OF_THE_SYSTEM: [&str; 31] = [
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/terminfo",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/share/ca-certificates",
    "/usr/share",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys/vm",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
];

/// Variables that name where the system's certificates are.
const OF_CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What of the file system such a process needs.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Files and folders, with all below.
    pub(super) read: Vec<PathBuf>,
    /// The same, to be changed too.
    pub(super) write: Vec<PathBuf>,
    /// Where a person types.
    pub(super) terminal: Vec<PathBuf>,
    /// Whether the store needs sockets that have a path: a keyring, a database.
    pub(super) local_sockets: bool,
}

impl Reach {
    /// The folder of a profile is made now where it is not there: a held process could make it only in all profiles' folder, and so write
    /// those of the others.
    pub(super) fn add_folders(&mut self, folders: impl IntoIterator<Item = FolderGrant>, profile: &Profile) {
        for grant in folders {
            // What is not there, or cannot be made, is told where it is opened.
            let folder = grant
                .ready_for(profile)
                .unwrap_or_else(|_error| grant.folder_of(profile));
            self.add(folder, grant.access);
        }
    }

    /// Those of all profiles, since who will call is not known: they are made as they call.
    fn add_folders_of_all(&mut self, folders: impl IntoIterator<Item = FolderGrant>) {
        for grant in folders {
            // Each profile's is made at its first call.
            let access = if grant.is_per_profile() {
                Access::Write
            } else {
                grant.access
            };
            self.add(grant.base().to_owned(), access);
        }
    }

    fn add(&mut self, folder: PathBuf, access: Access) {
        match access {
            Access::Read => self.read.push(folder),
            Access::Write => self.write.push(folder),
        }
    }

    /// Whether the session's bus, over which a keyring is asked, is a socket without a file.
    pub(super) fn bus_has_no_file(&self) -> bool {
        let address = std::env::var_os("DBUS_SESSION_BUS_ADDRESS");
        address.is_some_and(|address| address.to_string_lossy().contains("unix:abstract"))
    }
}

/// What a process needs, and how far the starter goes for it: Pocket's own folders, what its settings name, its tools, and the folders that
/// they were given.
pub(super) fn reach(held: Held<'_>, place: &Place, settings: &Settings) -> Result<(Reach, Bounds), Failure> {
    let mut reach = of_pocket(place, settings)?;
    let (needs, lock) = match held {
        Held::Run(run) => of_run(run, place, settings, &mut reach)?,
        Held::Serve => of_server(place, settings, &mut reach)?,
        Held::Trial => (Vec::new(), None),
    };
    for source in &needs {
        if let Source::Path(path) = source {
            reach.read.push(path.folder.clone());
        }
    }
    let git: Vec<GitSource> = needs.into_iter().filter_map(of_git).collect();
    let fetch = FetchScope::of(&git, &settings.sources, &settings.net, &settings.own_variables);
    Ok((reach, Bounds { fetch, lock }))
}

/// What any needs.
fn of_pocket(place: &Place, settings: &Settings) -> Result<Reach, Failure> {
    let mut reach = Reach {
        read: of_system(),
        write: vec![PathBuf::from("/dev/null"), place.home.data().to_owned()],
        terminal: vec![PathBuf::from("/dev/tty")],
        local_sockets: settings.store.uses_local_sockets(&place.home),
    };
    // Code and packages that a later run trusts are written by others: the compiler, the fetching process.
    reach
        .read
        .extend([place.home.config(), place.home.cache()].map(Path::to_owned));
    for folder in [place.home.config(), place.home.data(), place.home.cache()] {
        // Only what is there can be named to the kernel.
        create_private_dir(folder).map_err(anyhow::Error::from)?;
    }
    reach
        .read
        .extend(["pocket.toml", ".secrets.toml", "pocket.lock"].map(|file| place.project.join(file)));
    reach.read.extend(settings.own_files.iter().cloned());
    Ok(reach)
}

/// The sources of what runs, and the lock that may be written.
type Sources = (Vec<Source>, Option<PathBuf>);

fn of_run(run: &args::Run, place: &Place, settings: &Settings, reach: &mut Reach) -> Result<Sources, Failure> {
    if let Some(file) = run.input.as_deref().and_then(|input| input.strip_prefix('@')) {
        reach.read.push(place.working_directory.join(file));
    }
    let given = Given::read(run.grants.clone(), place)?;
    let tool = place.typed(&run.tool, &settings.sources)?;
    let (needs, lock) = match Reference::parse(&tool, &place.project, &settings.sources)? {
        Reference::Name(name) => {
            add_project(place, reach);
            (of_project(&name, place, settings)?, Some(lock_of(place)))
        }
        Reference::Source(source) => (of_source(source, place)?, None),
    };
    let folders = needs.folders.into_iter().chain(given.folders().iter().cloned());
    reach.add_folders(folders, &given.profile);
    Ok((needs.sources, lock))
}

/// All tools of the project, for whoever calls them.
fn of_server(place: &Place, settings: &Settings, reach: &mut Reach) -> Result<Sources, Failure> {
    add_project(place, reach);
    let mut sources = Vec::new();
    for name in settings.tools.keys() {
        let needs = of_project(name, place, settings)?;
        sources.extend(needs.sources);
        reach.add_folders_of_all(needs.folders);
    }
    Ok((sources, Some(lock_of(place))))
}

fn lock_of(place: &Place) -> PathBuf {
    place.project.join("pocket.lock")
}

/// A lock that is written anew is another file, so naming the one that is there would not do.
fn add_project(place: &Place, reach: &mut Reach) {
    if !holds_all_of_the_user(place) {
        reach.read.push(place.project.clone());
    }
}

/// A project that holds all that is this user's is not opened as a whole: what is written anew in it is not seen.
pub(super) fn holds_all_of_the_user(place: &Place) -> bool {
    let user = std::env::var_os("HOME").map(PathBuf::from);
    user.is_some_and(|user| user.starts_with(&place.project))
}

/// What one tool needs.
struct Needs {
    sources: Vec<Source>,
    folders: Vec<FolderGrant>,
}

fn of_source(source: Source, place: &Place) -> Result<Needs, Failure> {
    if let Source::Path(path) = &source {
        // Where it is not there, what lies beside it is looked at for what was meant: now, while that can be read.
        path.open()?;
    }
    let folders = place.trust().folders_of(source.written())?;
    Ok(Needs {
        sources: vec![source],
        folders,
    })
}

/// As `pocket.toml` has it, and as `pocket.lock` has it, which may be of another source.
fn of_project(name: &ToolName, place: &Place, settings: &Settings) -> Result<Needs, Failure> {
    let installer = place.installer(settings)?;
    let tool = settings.tools.get(name);
    let mut folders = installer.folders_of(name)?;
    folders.extend(tool.into_iter().flat_map(|tool| tool.files.clone()));
    let mut sources = Vec::new();
    if let Some(tool) = tool
        && let Reference::Source(source) = installer.reference(&tool.source)?
    {
        sources.push(source);
    }
    Ok(Needs { sources, folders })
}

fn of_git(source: Source) -> Option<GitSource> {
    match source {
        Source::Git(git) => Some(git),
        Source::Path(_) => None,
    }
}

fn of_system() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = OF_THE_SYSTEM.iter().map(PathBuf::from).collect();
    // It is often a link into a folder that its keeper writes anew.
    let resolver = Path::new("/etc/resolv.conf").canonicalize().ok();
    paths.extend(
        resolver
            .as_deref()
            .and_then(Path::parent)
            .map(Path::to_owned)
            .filter(|folder| folder != Path::new("/etc")),
    );
    for name in OF_CERTIFICATES {
        paths.extend(std::env::var_os(name).iter().flat_map(std::env::split_paths));
    }
    paths
}
