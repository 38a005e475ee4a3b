//! The code of components: compiled once however many ask, kept for the next process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::{
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore},
    task,
};

use crate::{
    base::digest::Digest,
    package::Component,
    sandbox::{
        CallStep, Limits, Report, SandboxError,
        cache::{self, CodeCache},
        compiler::{self, Compiler},
    },
};

/// A component's code, loaded for as long as a tool has it.
pub(super) type Compiled = OnceCell<wasmtime::component::Component>;

/// The code of components.
pub(super) struct Code {
    cache: Arc<CodeCache>,
    compiler: Compiler,
    turns: Arc<Semaphore>,
    loaded: Mutex<HashMap<Digest, Weak<Compiled>>>,
}

impl Code {
    pub(super) fn new(cache: CodeCache, compiler: Compiler, limits: &Limits) -> Self {
        let turns = usize::try_from(limits.compiles).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            cache: Arc::new(cache),
            compiler,
            turns: Arc::new(Semaphore::new(turns.clamp(1, Semaphore::MAX_PERMITS))),
            loaded: Mutex::default(),
        }
    }

    /// The component's code: what another tool has loaded, what the cache holds, or compiled now, which `report` is told.
    pub(super) async fn of(
        &self,
        engine: &wasmtime::Engine,
        component: &Component,
        limits: &Limits,
        report: Option<&dyn Report>,
    ) -> Result<Arc<Compiled>, SandboxError> {
        let size = component.bytes.len();
        if size > limits.component {
            return Err(SandboxError::ComponentTooLarge {
                size,
                limit: limits.component,
            });
        }
        let place = self.place(component.digest);
        place
            .get_or_try_init(|| self.load_or_compile(engine, component, limits, report))
            .await?;
        Ok(place)
    }

    fn place(&self, digest: Digest) -> Arc<Compiled> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = loaded.get(&digest).and_then(Weak::upgrade) {
            return place;
        }
        loaded.retain(|_digest, place| place.strong_count() > 0);
        let place = Arc::new(Compiled::new());
        loaded.insert(digest, Arc::downgrade(&place));
        place
    }

    async fn load_or_compile(
        &self,
        engine: &wasmtime::Engine,
        component: &Component,
        limits: &Limits,
        report: Option<&dyn Report>,
    ) -> Result<wasmtime::component::Component, SandboxError> {
        let (cache, of_engine, digest) = (Arc::clone(&self.cache), engine.clone(), component.digest);
        let cached = blocking(move || cached(&cache, &of_engine, &digest)).await?;
        if let Some(loaded) = cached {
            return Ok(loaded);
        }
        if let Some(report) = report {
            report.step(CallStep::Compiling);
        }
        tracing::debug!(component = %digest, "compiling");
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|closed| SandboxError::Setup(closed.to_string()))?;
        let compiling = self.compile(engine, component, limits, turn);
        match tokio::time::timeout(limits.compile_timeout, compiling).await {
            Ok(compiled) => compiled,
            Err(_elapsed) => Err(SandboxError::CompileTimedOut {
                limit: limits.compile_timeout,
            }),
        }
    }

    async fn compile(
        &self,
        engine: &wasmtime::Engine,
        component: &Component,
        limits: &Limits,
        turn: OwnedSemaphorePermit,
    ) -> Result<wasmtime::component::Component, SandboxError> {
        let (cache, engine, digest) = (Arc::clone(&self.cache), engine.clone(), component.digest);
        match &self.compiler {
            Compiler::InProcess => {
                let wasm = Arc::clone(&component.bytes);
                let compiling = move || {
                    // Held to the end of the work, also when nobody waits for it any more.
                    let _turn = turn;
                    let (compiled, code) = compiler::compile(&engine, &wasm)?;
                    keep(&cache, &engine, &digest, &code);
                    Ok(compiled)
                };
                blocking(compiling).await?
            }
            Compiler::Process(process) => {
                let keeps = process.keeps();
                let code = process.compile(&engine, &component.bytes, limits).await?;
                drop(turn);
                let loading = move || {
                    let compiled = cache::of_compiler(&engine, &code)
                        .map_err(|error| SandboxError::CompilerDied(compiler::in_words(&error)))?;
                    if !keeps {
                        keep(&cache, &engine, &digest, code.bytes());
                    }
                    Ok(compiled)
                };
                blocking(loading).await?
            }
        }
    }
}

/// What the cache holds; an entry that cannot be used is as none.
fn cached(cache: &CodeCache, engine: &wasmtime::Engine, digest: &Digest) -> Option<wasmtime::component::Component> {
    let found = cache.find(engine, digest);
    let loaded = found.and_then(|entry| entry.map_or(Ok(None), |entry| entry.load(engine)));
    loaded.unwrap_or_else(|error| {
        tracing::warn!(%error, "compiled code is not used: it is compiled again");
        None
    })
}

/// A cache that cannot be written costs the next process a compilation, and this one nothing.
pub(super) fn keep(cache: &CodeCache, engine: &wasmtime::Engine, digest: &Digest, code: &[u8]) {
    let kept = cache
        .entry(engine, digest)
        .and_then(|entry| entry.store(code))
        .and_then(|()| cache.tidy());
    if let Err(error) = kept {
        tracing::warn!(%error, "compiled code is not kept");
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SandboxError> {
    task::spawn_blocking(work)
        .await
        .map_err(|_panic| SandboxError::CompilerPanicked)
}
