//! The floor under a call: the least that wasmtime takes for it, embedded bare in this same process.
//!
//! The settings of the engine are Pocket's own. What is left out is everything else: limits, logs, the policy, the schemas,
//! the deadline, the count of what was used.

use std::path::Path;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
    component::{Component, ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, ResourceTable},
};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView,
    p2::{
        bindings::CommandPre,
        pipe::{MemoryInputPipe, MemoryOutputPipe},
    },
};

/// wasmtime, and a component that is compiled and linked.
pub(crate) struct Floor {
    engine: Engine,
    entry: Entry,
}

enum Entry {
    Command(CommandPre<Host>),
    Typed(InstancePre<Host>, ComponentExportIndex),
}

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
}

/// `error` of `pocket:tool/tool`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
#[expect(dead_code, reason = "only its shape counts")]
enum ToolError {
    #[component(name = "invalid-input")]
    InvalidInput(String),
    #[component(name = "unauthorized")]
    Unauthorized(String),
    #[component(name = "rate-limited")]
    RateLimited(u32),
    #[component(name = "failed")]
    Failed(String),
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Floor {
    /// Compiles a component and links it.
    pub(crate) fn compile(path: &Path) -> Self {
        let engine = engine();
        let component = Component::from_file(&engine, path).expect("the component compiles");
        Self::link(engine, &component)
    }

    /// What [`Floor::load`] takes.
    pub(crate) fn compiled(path: &Path) -> Vec<u8> {
        let component = Component::from_file(&engine(), path).expect("the component compiles");
        component.serialize().expect("compiled code can be taken out")
    }

    /// Takes compiled code and links it.
    #[expect(unsafe_code, reason = "wasmtime has no safe way to load compiled code")]
    pub(crate) fn load(code: &[u8]) -> Self {
        let engine = engine();
        // SAFETY: `Floor::compiled` made these bytes in this process.
        let component = unsafe { Component::deserialize(&engine, code) }.expect("the code is this engine's");
        Self::link(engine, &component)
    }

    fn link(engine: Engine, component: &Component) -> Self {
        let mut linker: Linker<Host> = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("each interface comes once");
        // What a tool tells goes nowhere.
        let mut report = linker.instance("pocket:tool/report@0.1.0").expect("it comes once");
        for name in ["log", "progress"] {
            report
                .func_new(name, |_store, _type, _given, _results| Ok(()))
                .expect("each function comes once");
        }
        component
            .initialize_copy_on_write_image()
            .expect("an image can be made");
        let pre = linker.instantiate_pre(component).expect("nothing is missing");
        let invoke = component
            .get_export_index(None, "pocket:tool/tool@0.1.0")
            .and_then(|tool| component.get_export_index(Some(&tool), "invoke"));
        let entry = match invoke {
            Some(invoke) => Entry::Typed(pre, invoke),
            None => Entry::Command(CommandPre::new(pre).expect("it is a command")),
        };
        Self { engine, entry }
    }

    /// Calls it once, in a store of its own.
    pub(crate) async fn call(&self, input: &str) -> String {
        match &self.entry {
            Entry::Command(pre) => {
                let output = MemoryOutputPipe::new(4 << 20);
                let mut wasi = WasiCtx::builder();
                wasi.stdin(MemoryInputPipe::new(input.to_owned()))
                    .stdout(output.clone());
                let mut store = self.store(wasi.build());
                let command = pre.instantiate_async(&mut store).await.expect("it starts");
                let ended = command.wasi_cli_run().call_run(&mut store).await;
                ended.expect("it does not trap").expect("it ends well");
                drop(store);
                String::from_utf8(output.contents().into()).expect("its output is text")
            }
            Entry::Typed(pre, invoke) => {
                let mut store = self.store(WasiCtx::builder().build());
                let instance = pre.instantiate_async(&mut store).await.expect("it starts");
                let invoke = instance
                    .get_typed_func::<(&str,), (Result<String, ToolError>,)>(&mut store, invoke)
                    .expect("it is this function");
                let (output,) = invoke.call_async(&mut store, (input,)).await.expect("it does not trap");
                output.expect("it ends well")
            }
        }
    }

    fn store(&self, wasi: WasiCtx) -> Store<Host> {
        let table = ResourceTable::new();
        let mut store = Store::new(&self.engine, Host { wasi, table });
        // Nothing counts epochs here.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }
}

/// As `runtime/src/sandbox/config.rs` sets it up.
fn engine() -> Engine {
    const CALLS: u32 = 1_000;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(CALLS)
        .total_core_instances(CALLS * 32)
        .total_memories(CALLS * 2)
        .total_tables(CALLS * 4)
        .total_stacks(CALLS)
        .max_core_instances_per_component(32)
        .max_memories_per_component(4)
        .max_tables_per_component(8)
        .max_memories_per_module(1)
        .max_tables_per_module(8)
        .table_elements(100_000)
        .max_memory_size(1 << 30)
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(16 << 10)
        .max_unused_warm_slots(100)
        .decommit_batch_size(16)
        .pagemap_scan(Enabled::No);
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1536 << 10)
        .gc_support(false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("there is room for the pool")
}
