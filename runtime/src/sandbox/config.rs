//! Our settings of wasmtime. What is left out here is its default, and meant to be.

use std::num::NonZeroUsize;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::{
    package::FEATURES,
    sandbox::{Limits, SandboxError},
};

/// The part of a guest's stack that is its own; the rest of a fiber is for the host's functions it calls.
const WASM_STACK: usize = 512 << 10;
const FIBER_STACK: usize = 1536 << 10;

/// What of a linear memory stays in a slot between calls, written over rather than given back: fewer page faults in the
/// next call. It is kept for at most `WARM_SLOTS`.
const KEPT_OF_MEMORY: usize = 512 << 10;
const KEPT_OF_TABLE: usize = 16 << 10;
const WARM_SLOTS: u32 = 100;

/// An engine with a pool of slots for all calls that the limits allow; where this machine's address space has no room for
/// one, an engine that asks the system for each call's memory.
pub(super) fn engine(limits: &Limits) -> Result<wasmtime::Engine, SandboxError> {
    let mut config = common();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    let no_room = match wasmtime::Engine::new(&config) {
        Ok(engine) => return Ok(engine),
        Err(error) => error,
    };
    tracing::warn!(
        error = %no_room.root_cause(),
        "no room for a pool of guest memories: calls are slower to start"
    );
    wasmtime::Engine::new(&without_pool()).map_err(|error| SandboxError::Setup(error.to_string()))
}

/// An engine whose code is that of [`engine`] with or without a pool, and which has no room to run it.
pub(super) fn engine_that_compiles(pooled: bool) -> Result<wasmtime::Engine, SandboxError> {
    let config = if pooled { common() } else { without_pool() };
    wasmtime::Engine::new(&config).map_err(|error| SandboxError::Setup(error.to_string()))
}

fn without_pool() -> Config {
    let mut config = common();
    config
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(0)
        .memory_reservation_for_growth(16 << 20)
        .memory_guard_size(64 << 10)
        .memory_may_move(true);
    config
}

fn common() -> Config {
    let mut config = Config::new();
    config
        // Off, whatever a neighbour in the dependency tree turns on: it costs every call.
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_backtrace_max_frames(NonZeroUsize::new(20))
        // Its default reads a variable of the environment.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .gc_support(false)
        .wasm_features(FEATURES.complement(), false)
        .wasm_features(FEATURES, true);
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let calls = limits.calls;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(limits.core_instances))
        // Most components have one memory; where many have more, calls are told to come back. One call always fits.
        .total_memories(calls.saturating_mul(limits.memories.min(2)).max(limits.memories))
        .total_tables(calls.saturating_mul(limits.tables.min(4)).max(limits.tables))
        .total_stacks(calls)
        .max_core_instances_per_component(limits.core_instances)
        .max_memories_per_component(limits.memories)
        .max_tables_per_component(limits.tables)
        .max_memories_per_module(1)
        .max_tables_per_module(limits.tables)
        .table_elements(limits.table_elements)
        .max_memory_size(usize::try_from(limits.memory_max).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEPT_OF_MEMORY)
        .table_keep_resident(KEPT_OF_TABLE)
        .max_unused_warm_slots(WARM_SLOTS)
        // Each at once: what is gathered to be given back together stays this process's until then, whatever guests filled it with.
        .decommit_batch_size(1)
        // It takes pages that were swapped out for clean ones, so that the next guest could read them.
        .pagemap_scan(Enabled::No);
    pool
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::{base::code::Code, package::Package};

    const MANIFEST: &str = r#"{ "tool": { "name": "tool" } }"#;

    #[test]
    fn what_keeps_guests_in_is_set() {
        let limits = Limits {
            calls: 2,
            ..Limits::default()
        };
        let engine = engine(&limits).unwrap();
        assert!(engine.get_epoch_interruption());
        assert!(!engine.get_concurrency_support());
        assert!(engine.get_async_stack_size() >= engine.get_max_wasm_stack() + (512 << 10));
        let pool = engine.get_pooling_config().unwrap();
        assert_eq!(pool.get_pagemap_scan(), Enabled::No);
        assert_eq!(pool.get_total_component_instances(), limits.calls);
        assert_eq!(pool.get_max_memory_size() as u64, limits.memory_max);
    }

    #[test]
    fn what_one_process_compiles_another_can_run() {
        fn compatibility(engine: &wasmtime::Engine) -> u64 {
            let mut hasher = std::hash::DefaultHasher::new();
            std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
            std::hash::Hasher::finish(&hasher)
        }
        let limits = Limits {
            calls: 2,
            ..Limits::default()
        };
        let pooled = compatibility(&engine(&limits).unwrap());
        let without = compatibility(&wasmtime::Engine::new(&without_pool()).unwrap());
        assert_eq!(compatibility(&engine_that_compiles(true).unwrap()), pooled);
        assert_eq!(compatibility(&engine_that_compiles(false).unwrap()), without);
        assert_ne!(pooled, without, "or the two need not be told apart");
    }

    /// Components that have one feature more than may be: what a module declares, what its functions do, what the component itself has.
    const TOO_MUCH: [(&str, &str); 20] = [
        ("MEMORY64", "(core module (memory i64 1))"),
        ("EXCEPTIONS", "(core module (tag))"),
        ("GC", "(core module (type (struct)))"),
        ("GC_TYPES", "(core module (table 1 externref))"),
        ("THREADS", "(core module (memory 1 2 shared))"),
        (
            "FUNCTION_REFERENCES",
            "(core module (type $t (func)) (func (param (ref $t))))",
        ),
        ("CUSTOM_PAGE_SIZES", "(core module (memory 1 (pagesize 1)))"),
        ("STACK_SWITCHING", "(core module (type $t (func)) (type (cont $t)))"),
        (
            "SHARED_EVERYTHING_THREADS",
            "(core module (global (shared i32) (i32.const 0)))",
        ),
        ("CM_ASYNC", "(type (future u8))"),
        ("CM_ERROR_CONTEXT", "(type error-context)"),
        ("CM_FIXED_LENGTH_LISTS", "(type (list u8 4))"),
        ("CM_MAP", "(type (map string u8))"),
        ("CM_VALUES", "(component (import \"a\" (value string)))"),
        ("TAIL_CALL", "(core module (func $f (return_call $f)))"),
        (
            "RELAXED_SIMD",
            "(core module (func (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
        ),
        (
            "WIDE_ARITHMETIC",
            "(core module (func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0))))",
        ),
        ("LEGACY_EXCEPTIONS", "(core module (func try catch_all end))"),
        (
            "MEMORY_CONTROL",
            "(core module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))",
        ),
        ("CM_THREADING", "(core func (canon thread.yield))"),
    ];

    /// Those that the engine and the validator have no way to let in, or that only another of them makes a component need.
    const UNTOLD: [&str; 9] = [
        "CM_ASYNC_STACKFUL",
        "CM_MORE_ASYNC_BUILTINS",
        "CM_NESTED_NAMES",
        "CM_GC",
        "CM64",
        "CM_IMPLEMENTS",
        "CM_CANON_NAMES",
        "CUSTOM_DESCRIPTORS",
        "COMPACT_IMPORTS",
    ];

    #[test]
    fn what_a_package_is_refused_for_the_compiler_refuses_too() {
        let engine = engine_that_compiles(true).unwrap();
        let providers = crate::provider::Providers::builtin().unwrap();
        for (feature, text) in TOO_MUCH {
            let run = r#"(instance $run) (export "wasi:cli/run@0.2.0" (instance $run))"#;
            let bytes = wat::parse_str(format!("(component {text} {run})")).unwrap();
            let compiled = crate::sandbox::compiler::compile(&engine, &bytes).map(|_compiled| ());
            assert_eq!(compiled.unwrap_err().code(), Code::NotValid, "{feature}");

            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("tool.wasm"), &bytes).unwrap();
            std::fs::write(folder.path().join("pocket.json"), MANIFEST).unwrap();
            let opened = Package::open_at(folder.path(), &providers).map(|_opened| ());
            // Functions are read when they are compiled.
            if text.contains("(func ") && !text.contains("(ref") {
                opened.unwrap();
                let validated = wasmparser::Validator::new_with_features(FEATURES).validate_all(&bytes);
                assert!(validated.is_err(), "{feature}");
            } else {
                assert_eq!(opened.unwrap_err().code(), Code::NotValid, "{feature}");
            }
        }
    }

    #[test]
    fn every_feature_is_let_in_or_known_to_be_refused() {
        for (name, feature) in wasmparser::WasmFeatures::all().iter_names() {
            let told = TOO_MUCH.iter().any(|(feature, _)| *feature == name) || UNTOLD.contains(&name);
            assert_ne!(FEATURES.contains(feature), told, "{name}");
        }
    }
}
