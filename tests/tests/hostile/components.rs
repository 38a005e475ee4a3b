//! Components that are none, or more than one may be.

use pocket_runtime::Code;
use pocket_tests::{Embedder, program};
use serde_json::json;

/// Gives how a package with these bytes for a component ends: when it is opened, or when it is called.
async fn end_of(bytes: &[u8]) -> Code {
    let embedder = Embedder::new();
    let file = embedder.project().join("bytes.wasm");
    std::fs::write(&file, bytes).expect("a file can be written");
    let manifest = json!({ "tool": { "name": "print_args" }, "component": "tool.wasm" });
    let package = embedder.package("print_args", &file, &manifest).display().to_string();
    let pocket = match embedder.builder().tool(package).build().await {
        Ok(pocket) => pocket,
        Err(error) => return error.code(),
    };
    pocket
        .invoke("print_args", json!({}))
        .await
        .map_or_else(|error| error.code(), |_output| Code::Ok)
}

fn whole() -> Vec<u8> {
    std::fs::read(program("print_args")).expect("the component can be read")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_not_valid() {
    assert_eq!(end_of(&whole()).await, Code::Ok);
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0\0",
        b"\0asm\x0d\0\x01\0",
        b"#!/bin/sh\n",
        &[0xff; 4096],
    ] {
        assert_eq!(
            end_of(bytes).await,
            Code::NotValid,
            "{:?}",
            &bytes[..bytes.len().min(20)]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_was_cut_is_not_valid() {
    let whole = whole();
    for part in 1..10 {
        let cut = whole.len() * part / 10;
        assert_eq!(end_of(&whole[..cut]).await, Code::NotValid, "after {cut} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_flipped_bits_harms_nothing() {
    let whole = whole();
    for step in 0..24 {
        let mut bytes = whole.clone();
        bytes[(whole.len() - 1) * step / 23] ^= 1 << (step % 8);
        let code = end_of(&bytes).await;
        assert_ne!(code, Code::Internal, "the bit {step} is told as a fault of ours");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_larger_than_one_may_be_is_not_valid() {
    let mut bytes = whole();
    // A custom section of 100 MiB.
    let size = 100 << 20;
    bytes.extend([0x00, 0x80, 0x80, 0x80, 0x32]);
    bytes.push(0x04);
    bytes.extend(b"fill");
    bytes.resize(bytes.len() + size - 5, 0);
    assert_eq!(end_of(&bytes).await, Code::NotValid);
}
