//! What of the file system one run needs.

use std::path::{Path, PathBuf};

use pocket_runtime::{Access, Reference, Settings, Source, ToolName, create_private_dir};

use crate::{args, failure::Failure, grants::Given, place::Place};

/// What the system's own libraries read: to find names, to trust certificates, to know the time and the machine. What is not there is
/// left out.
const OF_THE_SYSTEM: [&str; 28] = [
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
    "/proc",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
];

/// Variables that name where the system's certificates are.
const OF_CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What of the file system one run needs.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Files and folders, with all below.
    pub(super) read: Vec<PathBuf>,
    /// The same, to be changed too.
    pub(super) write: Vec<PathBuf>,
    /// Where a person types.
    pub(super) terminal: Vec<PathBuf>,
}

impl Reach {
    /// Whether the session's bus, over which a keyring is asked, is a socket without a file.
    pub(super) fn bus_has_no_file(&self) -> bool {
        let address = std::env::var_os("DBUS_SESSION_BUS_ADDRESS");
        address.is_some_and(|address| address.to_string_lossy().contains("unix:abstract"))
    }
}

/// What this run needs: Pocket's own folders, what its settings name, the tool, and the folders that the tool was given. The project's
/// folder is written where a tool of the project is run, since `pocket.lock` lies there.
pub(super) fn reach(run: &args::Run, place: &Place) -> Result<Reach, Failure> {
    // Nothing is done with what nobody trusts but reading it: the run itself asks for trust.
    let (settings, _asks) = place.read()?;
    let mut reach = Reach {
        read: of_system(),
        write: vec![PathBuf::from("/dev/null")],
        terminal: vec![PathBuf::from("/dev/tty")],
    };
    for folder in [place.home.config(), place.home.data(), place.home.cache()] {
        // Only what is there can be named to the kernel.
        create_private_dir(folder).map_err(anyhow::Error::from)?;
        reach.write.push(folder.to_owned());
    }
    reach
        .read
        .extend(["pocket.toml", ".secrets.toml", "pocket.lock"].map(|file| place.project.join(file)));
    reach.read.extend(settings.own_files.iter().cloned());
    if let Some(file) = run.input.as_deref().and_then(|input| input.strip_prefix('@')) {
        reach.read.push(place.working_directory.join(file));
    }
    let given = Given::read(run.grants.clone(), place)?;
    let mut folders = given.folders().to_vec();
    let tool = place.typed(&run.tool, &settings.sources)?;
    match Reference::parse(&tool, &place.project, &settings.sources)? {
        Reference::Name(name) => {
            reach.write.push(place.project.clone());
            reach.read.extend(source_of(&name, place, &settings)?);
            folders.extend(
                settings
                    .tools
                    .get(&name)
                    .into_iter()
                    .flat_map(|tool| tool.files.clone()),
            );
            folders.extend(place.installer(&settings)?.folders_of(&name)?);
        }
        Reference::Source(source) => {
            folders.extend(place.trust().folders_of(source.written())?);
            if let Source::Path(path) = &source {
                // Where it is not there, what lies beside it is looked at for what was meant: now, while that can be read.
                path.open()?;
            }
            reach.read.extend(folder_of(&source));
        }
    }
    for grant in folders {
        // What cannot be made is told where it is opened.
        let folder = grant
            .ready_for(&given.profile)
            .unwrap_or_else(|_not_made| grant.folder.clone());
        match grant.access {
            Access::Read => reach.read.push(folder),
            Access::Write => reach.write.push(folder),
        }
    }
    Ok(reach)
}

/// The folder of a tool of the project, where it is one of this machine.
fn source_of(name: &ToolName, place: &Place, settings: &Settings) -> Result<Option<PathBuf>, Failure> {
    let Some(tool) = settings.tools.get(name) else {
        return Ok(None);
    };
    match Reference::parse(&tool.source, &place.project, &settings.sources)? {
        Reference::Source(source) => Ok(folder_of(&source)),
        Reference::Name(_) => Ok(None),
    }
}

fn folder_of(source: &Source) -> Option<PathBuf> {
    match source {
        Source::Path(path) => Some(path.folder.clone()),
        Source::Git(_) => None,
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
