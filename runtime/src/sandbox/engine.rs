//! wasmtime, set up once a process.

use std::{fs, sync::Arc};

use tokio::sync::OnceCell;
use wasmtime::{
    StoreContextMut,
    component::{HasSelf, Linker, Resource},
};
use wasmtime_wasi::{WasiView as _, p2::bindings::CommandPre};

use crate::{
    base::{home::Home, name::ToolName, net::Net},
    install::Installed,
    package::{Component, ComponentKind},
    sandbox::{
        Compiler, Limits, Policy, Report, SandboxError, Tool,
        admission::Admission,
        bindings::{TypedToolPre, report},
        cache::CodeCache,
        code::Code,
        compiler::in_words,
        config, exported,
        memory::MemoryOfAllCalls,
        outbound::Outbound,
        state::CallState,
        ticker::Ticker,
        tool::Entry,
    },
};

/// The interface of WASI's errors, as wasmtime has it.
const IO_ERROR: &str = "wasi:io/error@0.2.12";

/// The size of a page of linear memory.
const PAGE: u64 = 64 << 10;

/// wasmtime, set up once a process, when the first tool is loaded. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    parts: EngineParts,
    shared: OnceCell<Arc<Shared>>,
}

/// What an [`Engine`] is made from.
pub(crate) struct EngineParts {
    pub(crate) limits: Limits,
    pub(crate) compiler: Compiler,
    pub(crate) net: Net,
    /// For compiled code: `cache/compiled/`.
    pub(crate) home: Home,
}

/// What the tools of one engine share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) wasmtime: wasmtime::Engine,
    pub(super) ticker: Ticker,
    pub(super) memory: Arc<MemoryOfAllCalls>,
    pub(super) admission: Admission,
    linker: Linker<CallState>,
    code: Code,
}

impl Engine {
    /// # Errors
    /// When a limit leaves no room for any call.
    pub(crate) fn new(parts: EngineParts) -> Result<Self, SandboxError> {
        let limits = &parts.limits;
        for (what, limit) in [
            ("calls", limits.calls),
            ("calls_per_profile", limits.calls_per_profile),
            ("calls_per_tool", limits.calls_per_tool),
            ("core_instances", limits.core_instances),
            ("memories", limits.memories),
            ("tables", limits.tables),
        ] {
            if limit == 0 {
                return Err(SandboxError::Setup(format!("the limit `{what}` lets nothing run: 0")));
            }
        }
        Ok(Self {
            inner: Arc::new(Inner {
                parts,
                shared: OnceCell::new(),
            }),
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.parts.limits
    }

    /// How many calls run, and how many wait for a place.
    pub(crate) fn occupied(&self) -> (u32, u32) {
        self.inner
            .shared
            .get()
            .map_or((0, 0), |shared| shared.admission.occupied())
    }

    /// Compiles a tool, or finds it compiled, and links it. `policy` holds for every call of it; `report` is told if it is compiled.
    pub(crate) async fn load(
        &self,
        installed: &Installed,
        policy: Policy,
        report: Option<&dyn Report>,
    ) -> Result<Tool, SandboxError> {
        self.load_component(&installed.name, &installed.package.component, policy, report)
            .await
    }

    pub(super) async fn load_component(
        &self,
        name: &ToolName,
        component: &Component,
        policy: Policy,
        report: Option<&dyn Report>,
    ) -> Result<Tool, SandboxError> {
        let limits = self.limits();
        check_policy(&policy, limits)?;
        if let Some(import) = component.imports.iter().find(|import| is_wasi_03(&import.0)) {
            return Err(SandboxError::Wasi03(import.0.clone()));
        }
        let shared = self.shared().await?;
        let compiled = shared.code.of(&shared.wasmtime, component, limits, report).await?;
        let Some(code) = compiled.get() else {
            return Err(SandboxError::Setup("the code that was loaded is not there".to_owned()));
        };
        check_size(code, &policy, limits)?;
        exported::check(code, component.kind).map_err(SandboxError::Link)?;
        let entry = link(&shared.linker, code, component.kind).map_err(|error| SandboxError::Link(in_words(&error)))?;
        // Now rather than in the first call.
        code.initialize_copy_on_write_image()
            .map_err(|error| SandboxError::Setup(in_words(&error)))?;
        let outbound = Outbound::new(&self.inner.parts.net, &policy, limits);
        Ok(Tool {
            name: name.clone(),
            entry,
            policy,
            outbound,
            places: shared.admission.places_of_tool(),
            engine: Arc::clone(shared),
            _compiled: compiled,
        })
    }

    async fn shared(&self) -> Result<&Arc<Shared>, SandboxError> {
        self.inner
            .shared
            .get_or_try_init(async || Shared::new(&self.inner.parts).map(Arc::new))
            .await
    }
}

impl Shared {
    fn new(parts: &EngineParts) -> Result<Self, SandboxError> {
        let limits = parts.limits.clone();
        let wasmtime = config::engine(&limits)?;
        let linker = linker(&wasmtime).map_err(|error| SandboxError::Setup(in_words(&error)))?;
        let ticker = Ticker::start(wasmtime.weak()).map_err(|error| SandboxError::Setup(error.to_string()))?;
        let memory = MemoryOfAllCalls::new(limits.memory_of_all_calls);
        let cache = CodeCache::of(&parts.home, limits.compiled_code);
        Ok(Self {
            admission: Admission::new(&limits, Arc::clone(&memory)),
            code: Code::new(cache, parts.compiler.clone(), &limits),
            limits,
            wasmtime,
            ticker,
            memory,
            linker,
        })
    }
}

/// All that any tool is given. What of it reaches out of the sandbox is decided by what a call's state holds.
fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    report::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    say_errors_in_words(&mut linker)?;
    Ok(linker)
}

/// In place of wasmtime's own, which hands a guest the stack of the host, with the folders it was built in, where an operator has
/// `RUST_BACKTRACE` set.
fn say_errors_in_words(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.instance(IO_ERROR)?.func_wrap(
        "[method]error.to-debug-string",
        |mut store: StoreContextMut<'_, CallState>, (error,): (Resource<wasmtime::Error>,)| {
            Ok((in_words(store.data_mut().ctx().table.get(&error)?),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn link(
    linker: &Linker<CallState>,
    code: &wasmtime::component::Component,
    kind: ComponentKind,
) -> wasmtime::Result<Entry> {
    let pre = linker.instantiate_pre(code)?;
    Ok(match kind {
        ComponentKind::Command => Entry::Command(CommandPre::new(pre)?),
        ComponentKind::Typed => Entry::Typed(TypedToolPre::new(pre)?),
    })
}

fn is_wasi_03(import: &str) -> bool {
    import.starts_with("wasi:")
        && import
            .split_once('@')
            .is_some_and(|(_, version)| version.starts_with("0.3."))
}

fn check_policy(policy: &Policy, limits: &Limits) -> Result<(), SandboxError> {
    if policy.timeout > limits.timeout_max {
        return Err(SandboxError::AboveMaximum {
            what: "timeout",
            asked: format!("{} s", policy.timeout.as_secs_f32()),
            limit: format!("{} s", limits.timeout_max.as_secs_f32()),
        });
    }
    if policy.memory > limits.memory_max {
        return Err(SandboxError::AboveMaximum {
            what: "memory",
            asked: format!("{} bytes", policy.memory),
            limit: format!("{} bytes", limits.memory_max),
        });
    }
    let environment: usize = policy
        .variables
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if environment > limits.environment {
        return Err(SandboxError::EnvironmentTooLarge {
            limit: limits.environment,
        });
    }
    for grant in &policy.files {
        let refused = |reason: String| SandboxError::Folder {
            folder: grant.folder.display().to_string(),
            reason,
        };
        let metadata = fs::metadata(grant.base()).map_err(|error| refused(error.to_string()))?;
        if !metadata.is_dir() {
            return Err(refused("it is not a folder".to_owned()));
        }
    }
    Ok(())
}

/// What a component cannot be without in any call.
fn check_size(code: &wasmtime::component::Component, policy: &Policy, limits: &Limits) -> Result<(), SandboxError> {
    // Unknown where it instantiates modules that it imports, which the linker then refuses.
    let Some(needs) = code.resources_required() else {
        return Ok(());
    };
    for (what, count, limit) in [
        ("linear memories", needs.num_memories, limits.memories),
        ("tables", needs.num_tables, limits.tables),
    ] {
        if count > limit {
            return Err(SandboxError::TooManyParts { what, count, limit });
        }
    }
    let asked = needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
    if asked > policy.memory {
        return Err(SandboxError::TooMuchMemory {
            asked,
            limit: policy.memory,
        });
    }
    Ok(())
}
