//! What wasmtime generates from `wit/`.
