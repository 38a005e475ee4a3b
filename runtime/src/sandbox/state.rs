//! What a guest can see: the only place where its world is made.

use std::{
    io,
    path::{Path, PathBuf},
    time::Instant,
};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2::pipe::MemoryInputPipe};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    auth::{Credential, CredentialValue},
    base::name::Profile,
    package::{Access, ComponentKind, FolderGrant},
    sandbox::{
        Limits, Policy,
        broker::Broker,
        log::{CallLog, Stream},
        memory::CallMemory,
        outbound::CallOutbound,
        output_pipe::{LogPipe, OutputPipe},
    },
};

/// What one store holds: the world of one call.
pub(super) struct CallState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    outbound: CallOutbound,
    pub(super) log: CallLog,
    pub(super) memory: CallMemory,
    /// What its variables take, in bytes.
    pub(super) environment: usize,
    /// When it is interrupted.
    pub(super) deadline: Instant,
}

/// What the world of one call is made from.
pub(super) struct World<'a> {
    pub(super) name: &'a str,
    pub(super) kind: ComponentKind,
    pub(super) input: &'a str,
    /// Whose folders it sees.
    pub(super) profile: &'a Profile,
    pub(super) policy: &'a Policy,
    pub(super) credential: Option<&'a Credential>,
    pub(super) broker: Option<&'a Broker>,
    pub(super) limits: &'a Limits,
    pub(super) output: OutputPipe,
    pub(super) log: CallLog,
    pub(super) memory: CallMemory,
    pub(super) outbound: CallOutbound,
    pub(super) deadline: Instant,
}

/// Why a call's world could not be made.
#[derive(Debug)]
pub(super) enum NoWorld {
    /// The variables and the credential's together have more bytes than an environment may have.
    Environment,
    /// A granted folder cannot be opened.
    Folder { folder: String, reason: String },
}

impl CallState {
    /// The guest sees:
    ///
    /// - environment: the policy's variables, then the credential's, which win over those, with placeholders for its secrets where
    ///   they are brokered; nothing of the host's
    /// - arguments: the tool's name alone
    /// - stdin: a command's input, from memory; empty for a typed tool
    /// - stdout: a command's output, up to a cap; a typed tool's log
    /// - stderr: the log, up to a cap
    /// - folders: those that were granted, each profile's own where that was said, and no working folder
    /// - network: what `outbound` lets out over HTTP; no sockets and no look-up of names
    /// - clocks and random numbers: the host's
    pub(super) fn new(world: World<'_>) -> Result<Self, NoWorld> {
        let World {
            name,
            kind,
            input,
            profile,
            policy,
            credential,
            broker,
            limits,
            output,
            log,
            memory,
            outbound,
            deadline,
        } = world;
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_blocking_current_thread(false)
            .max_random_size(limits.random)
            .arg(name)
            .stderr(LogPipe::new(Stream::Stderr, log.clone()));
        match kind {
            ComponentKind::Command => wasi
                .stdin(MemoryInputPipe::new(bytes::Bytes::copy_from_slice(input.as_bytes())))
                .stdout(output),
            ComponentKind::Typed => wasi.stdout(LogPipe::new(Stream::Stdout, log.clone())),
        };
        let environment = set_environment(&mut wasi, policy, credential, broker, limits.environment)?;
        open_folders(&mut wasi, policy, profile)?;

        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.fields);
        Ok(Self {
            wasi: wasi.build(),
            http,
            table,
            outbound,
            log,
            memory,
            environment,
            deadline,
        })
    }
}

/// Gives how large it is, in bytes.
fn set_environment(
    wasi: &mut WasiCtxBuilder,
    policy: &Policy,
    credential: Option<&Credential>,
    broker: Option<&Broker>,
    limit: usize,
) -> Result<usize, NoWorld> {
    let of_credential = credential.map(|c| &*c.variables).unwrap_or_default();
    let mut size = 0_usize;
    for (name, value) in &policy.variables {
        if !of_credential.iter().any(|(own, _)| own == name) {
            size += name.len() + value.len();
            wasi.env(name, value);
        }
    }
    for (name, value) in of_credential {
        let value = match value {
            CredentialValue::Secret(secret) => match broker {
                None => secret.expose(),
                Some(broker) => broker.value_of(name).unwrap_or_default(),
            },
            CredentialValue::Public(text) => text,
        };
        size += name.len() + value.len();
        wasi.env(name, value);
    }
    if size > limit {
        Err(NoWorld::Environment)
    } else {
        Ok(size)
    }
}

fn open_folders(wasi: &mut WasiCtxBuilder, policy: &Policy, profile: &Profile) -> Result<(), NoWorld> {
    for grant in &policy.files {
        let permissions = match grant.access {
            Access::Read => FsPerms::ReadOnly,
            Access::Write => FsPerms::ReadWrite,
        };
        let refused = |reason: String| NoWorld::Folder {
            folder: grant.folder.display().to_string(),
            reason,
        };
        let folder = folder_of(grant, profile).map_err(|error| refused(error.to_string()))?;
        wasi.preopened_dir(&folder.path, &grant.guest, permissions)
            .map_err(|error| refused(error.root_cause().to_string()))?;
    }
    Ok(())
}

/// The folder of a profile, made where it is that profile's own and not there yet.
fn folder_of(grant: &FolderGrant, profile: &Profile) -> io::Result<Unlinked> {
    match Unlinked::find(&grant.folder_of(profile)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && grant.is_per_profile() => {
            // Nor is one made where a link leads.
            let _base = Unlinked::find(grant.base())?;
            Unlinked::find(&grant.ready_for(profile)?)
        }
        found => found,
    }
}

/// A folder that lies where its path says, with no link on the way. The path of a grant had its links followed when the tool was loaded,
/// so one that is there now was put there since, perhaps by a guest that may write around it.
struct Unlinked {
    /// By which it is opened.
    path: PathBuf,
    /// What was looked at, while `path` is this descriptor's.
    #[cfg(target_os = "linux")]
    _held: Option<std::os::fd::OwnedFd>,
}

impl Unlinked {
    /// wasmtime takes a path, so it is given that of a descriptor: what it opens is what was looked at, whatever comes in its place.
    #[cfg(target_os = "linux")]
    fn find(folder: &Path) -> io::Result<Self> {
        use std::os::fd::AsRawFd as _;

        use rustix::{
            fs::{CWD, Mode, OFlags, ResolveFlags, openat2},
            io::Errno,
        };

        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = match openat2(CWD, folder, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            Ok(held) => held,
            Err(Errno::LOOP) => return Err(linked()),
            // A kernel, or a filter of system calls, that does not know this one.
            Err(Errno::NOSYS | Errno::PERM) => return Self::find_by_path(folder),
            Err(error) => return Err(error.into()),
        };
        let path = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
        if !path.exists() {
            return Self::find_by_path(folder);
        }
        Ok(Self {
            path,
            _held: Some(held),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn find(folder: &Path) -> io::Result<Self> {
        Self::find_by_path(folder)
    }

    /// A window is left: what puts a link there between this look and the opening, such as another call that runs just then and may
    /// write around it, is not seen.
    fn find_by_path(folder: &Path) -> io::Result<Self> {
        if folder.canonicalize()? != folder {
            return Err(linked());
        }
        Ok(Self {
            path: folder.to_owned(),
            #[cfg(target_os = "linux")]
            _held: None,
        })
    }
}

fn linked() -> io::Error {
    io::Error::other("it or a folder above it is a link now")
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
