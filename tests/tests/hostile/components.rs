//! Components that are none, or more than one may be, or were made to hurt who reads them.

use std::{fmt::Write as _, sync::LazyLock, time::Duration};

use futures_util::future::join_all;
use pocket_runtime::{Code, Home, Pocket, Settings};
use pocket_tests::{Embedder, program};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

use crate::code_of;

/// Read once for them all.
static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let mut settings = Settings::standard().expect("the embedded files are valid");
    settings.limits.timeout = Duration::from_millis(500);
    // A small pool of slots, since there is one for each of these components.
    settings.limits.calls = 2;
    settings
});

/// Gives how a package with these bytes for a component ends: when it is opened, or when it is called.
pub(crate) async fn end_of(bytes: &[u8]) -> Code {
    let embedder = Embedder::new();
    let file = embedder.project().join("bytes.wasm");
    std::fs::write(&file, bytes).expect("a file can be written");
    let manifest = json!({ "tool": { "name": "bytes" }, "component": "tool.wasm" });
    let package = embedder.package("bytes", &file, &manifest).display().to_string();
    let builder = Pocket::builder()
        .home(Home::at(embedder.home()))
        .settings(SETTINGS.clone())
        .accounts_in_memory()
        .unlocked();
    match builder.tool(package).build().await {
        Ok(pocket) => code_of(&pocket, "bytes", json!({})).await,
        Err(error) => error.code(),
    }
}

fn whole() -> Vec<u8> {
    std::fs::read(program("print_args")).expect("the component can be read")
}

/// A command that does nothing, with this in its component besides.
pub(crate) fn command(parts: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $run (func (export "run") (result i32) (i32.const 0)))
            (core instance $of-run (instantiate $run))
            (func $f (result (result)) (canon lift (core func $of-run "run")))
            (instance $exported (export "run" (func $f)))
            {parts}
            (export "wasi:cli/run@0.2.6" (instance $exported)))"#
    );
    wat::parse_str(text).expect("it is the text of a component")
}

/// Some megabytes of text that a validator would compare with each other for many minutes.
fn compared_for_long() -> Vec<u8> {
    let mut parts = String::from("(type $T (instance ");
    for at in 0..40_000 {
        write!(parts, "(export \"e{at}\" (func))").expect("a string takes it");
    }
    parts.push_str("))(component $c (alias outer 1 $T (type $U)) (import \"a\" (instance (type $U))))");
    for _ in 0..60 {
        parts.push_str("(component (alias outer 1 $T (type $U)) (alias outer 1 $c (component $x)) (import \"a\" (instance $a (type $U)))");
        parts.push_str(&"(instance (instantiate $x (with \"a\" (instance $a))))".repeat(900));
        parts.push(')');
    }
    command(&parts)
}

#[tokio::test(flavor = "current_thread")]
async fn a_component_that_takes_long_to_check_is_refused_and_keeps_nobody_waiting() {
    let bytes = compared_for_long();
    let mut ticks = 0_u32;
    let mut end = std::pin::pin!(end_of(&bytes));
    let end = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            tokio::select! {
                biased;
                end = &mut end => return end,
                () = tokio::time::sleep(Duration::from_millis(20)) => ticks += 1,
            }
        }
    });
    assert_eq!(end.await.expect("it ends in time"), Code::NotValid);
    assert!(
        ticks > 20,
        "the one thread of this program went on with other work: {ticks}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_not_valid() {
    assert_eq!(end_of(&whole()).await, Code::Ok);
    assert_eq!(end_of(&command("")).await, Code::Ok);
    let core_module = wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0\0",
        b"\0asm\x0d\0\x01\0",
        b"#!/bin/sh\n",
        &[0xff; 4096],
        &core_module.expect("it is the text of a module"),
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

/// Commands by hand, small enough that flipped bits meet every part of a component, and one as compilers make them.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_any_of_a_thousand_flipped_bits_harms_nothing() {
    const SEED: u64 = 20_260_728;
    let by_hand = |name: &str| {
        let path = pocket_tests::repository().join(format!("tests/programs/wat/{name}.wat"));
        wat::parse_file(path).expect("it is the text of a component")
    };
    let components = [by_hand("grow_memories"), by_hand("grow_tables"), whole()];
    let mut random = StdRng::seed_from_u64(SEED);
    let mut flipped = (0..1000).map(|flip| {
        let mut bytes = components[if flip % 25 == 0 { 2 } else { flip % 2 }].clone();
        let (at, bit) = (random.random_range(0..bytes.len()), random.random_range(0..8));
        bytes[at] ^= 1 << bit;
        async move {
            assert_ne!(
                end_of(&bytes).await,
                Code::Internal,
                "flip {flip} of seed {SEED}, bit {bit} of byte {at}, is told as a fault of ours"
            );
        }
    });
    loop {
        let some: Vec<_> = flipped.by_ref().take(8).collect();
        if some.is_empty() {
            break;
        }
        join_all(some).await;
    }
    assert_eq!(end_of(&whole()).await, Code::Ok);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_wants_what_no_tool_is_given_is_not_valid() {
    for import in [
        r#"(import "acme:secrets/steal@1.0.0" (instance (export "steal" (func))))"#,
        r#"(import "acme:secrets/steal@1.0.0" (instance))"#,
        r#"(import "steal" (func))"#,
        r#"(import "wasi:cli/environment@0.2.6" (instance (export "set-environment" (func))))"#,
        r#"(import "wasi:cli/stdout@0.3.0" (instance))"#,
        r#"(import "wasi:http/incoming-handler@0.2.6" (instance (export "steal" (func))))"#,
    ] {
        assert_eq!(end_of(&command(import)).await, Code::NotValid, "{import}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_has_not_the_function_of_a_tool_is_not_valid() {
    let exporting = |function: &str, export: &str| {
        let text = format!(
            r#"(component
                (core module $m (func (export "run") (result i32) (i32.const 0)) (func (export "nothing")))
                (core instance $i (instantiate $m))
                {function}
                (instance $exported {export})
                (export "wasi:cli/run@0.2.6" (instance $exported)))"#
        );
        wat::parse_str(text).expect("it is the text of a component")
    };
    let run = r#"(func $f (result (result)) (canon lift (core func $i "run")))"#;
    assert_eq!(end_of(&exporting(run, r#"(export "run" (func $f))"#)).await, Code::Ok);
    for (function, export) in [
        (run, r#"(export "rum" (func $f))"#),
        ("(type $t string)", r#"(export "run" (type $t))"#),
        (
            r#"(func $f (canon lift (core func $i "nothing")))"#,
            r#"(export "run" (func $f))"#,
        ),
        (
            r#"(func $f (result u32) (canon lift (core func $i "run")))"#,
            r#"(export "run" (func $f))"#,
        ),
        ("", ""),
    ] {
        let code = end_of(&exporting(function, export)).await;
        assert_eq!(code, Code::NotValid, "{function} {export}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_fails_as_it_starts_trapped() {
    for module in [
        r#"(memory 1) (data (i32.const 65536) "x")"#,
        "(table 1 funcref) (func $f) (elem (i32.const 1) $f)",
        "(func $f unreachable) (start $f)",
    ] {
        let parts = format!("(core module $m {module}) (core instance (instantiate $m))");
        assert_eq!(end_of(&command(&parts)).await, Code::Trapped, "{module}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_names_without_end_harms_nothing() {
    let many = |item: &str| {
        (0..10_000).fold(String::new(), |mut text, n| {
            let _ = write!(text, "(export \"e{n}\" {item})");
            text
        })
    };
    let long = "x".repeat(10_000);
    let core = (0..10_000).fold(String::new(), |mut text, n| {
        let _ = write!(text, "(func (export \"e{n}\"))");
        text
    });
    for parts in [
        many("(func $f)"),
        many("(instance $exported)"),
        format!("(export \"{long}\" (func $f))"),
        format!("(core module $m {core}) (core instance (instantiate $m))"),
        format!("(core module $m (func (export \"{long}\"))) (core instance (instantiate $m))"),
    ] {
        let code = end_of(&command(&parts)).await;
        assert!(matches!(code, Code::Ok | Code::NotValid), "{code:?}: {}", &parts[..80]);
    }
}

/// An unsigned number as wasm writes it.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Components in one another, so many.
fn nested(levels: usize) -> Vec<u8> {
    const HEAD: [u8; 8] = *b"\0asm\x0d\0\x01\0";
    // From the innermost outwards, written backwards.
    let mut backwards: Vec<u8> = HEAD.iter().rev().copied().collect();
    for _level in 1..levels {
        let size = leb128(backwards.len());
        backwards.extend(size.iter().rev());
        // The section of a component.
        backwards.push(0x04);
        backwards.extend(HEAD.iter().rev());
    }
    backwards.reverse();
    backwards
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_without_a_bottom_harms_nothing() {
    for levels in [100, 100_000] {
        assert_eq!(end_of(&nested(levels)).await, Code::NotValid, "{levels}");
    }
    let blocks = format!(
        "(core module $m (func {} {})) (core instance (instantiate $m))",
        "block ".repeat(100_000),
        "end ".repeat(100_000)
    );
    let types = (1..10_000).fold("(type $t0 (list u8))".to_owned(), |mut text, n| {
        let _ = write!(text, "(type $t{n} (list $t{}))", n - 1);
        text
    });
    let lifted = format!(
        r#"{types}
        (core module $m
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "g") (param i32 i32)))
        (core instance $i (instantiate $m))
        (func $g (param "p" $t9999)
            (canon lift (core func $i "g") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
        (export "deep" (func $g))"#
    );
    for parts in [blocks, types, lifted] {
        let code = end_of(&command(&parts)).await;
        assert!(matches!(code, Code::Ok | Code::NotValid), "{code:?}: {}", &parts[..80]);
    }
}
