//! The features of WebAssembly that a component may have.

use wasmparser::WasmFeatures;

/// The features of WebAssembly that a component may have: what validates one and what compiles one both take exactly these.
///
/// No references to the host's things (`externref`), which want a garbage collector.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY);
