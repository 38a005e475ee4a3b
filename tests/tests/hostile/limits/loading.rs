//! What a component may be, and what it may cost to have it compiled.

use std::{path::Path, sync::Arc};

use pocket_runtime::{CallOptions, CallStep, Code, Compiler, Home, Input, LogLine, Pocket, Report, Settings};
use pocket_tests::{Embedder, binary};
use serde_json::json;

use super::{code, ended};
use crate::{Hostile, call, code_of, compiling, components::command, echo};

/// What an operator sets.
type Change = fn(&mut Settings);

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn parts_of_a_component_have_limits() {
    // Of each kind as many as there may be, and one more.
    for (module, most) in [
        ("(core module $m)", 32),
        ("(core module $m (memory 1))", 4),
        ("(core module $m (table 1 funcref))", 8),
    ] {
        // One is the command itself.
        let with = |parts: usize| {
            command(&format!(
                "{module} {}",
                "(core instance (instantiate $m))".repeat(parts)
            ))
        };
        let itself = usize::from(most == 32);
        assert_eq!(
            crate::components::end_of(&with(most - itself)).await,
            Code::Ok,
            "{module}"
        );
        assert_eq!(
            crate::components::end_of(&with(most + 1 - itself)).await,
            Code::NotValid,
            "{module}"
        );
    }
    let fewer: [(&str, Change); 4] = [
        ("grow_memories", |settings| settings.limits.memories = 1),
        ("grow_memories", |settings| settings.limits.core_instances = 1),
        ("grow_tables", |settings| settings.limits.tables = 1),
        ("grow_memories", |settings| settings.limits.memory = 60_000),
    ];
    for (guest, change) in fewer {
        let embedder = Embedder::new();
        let mut settings = Settings::standard().expect("the embedded files are valid");
        change(&mut settings);
        let builder = Pocket::builder().home(Home::at(embedder.home())).settings(settings);
        let pocket = builder
            .tool(embedder.program(guest))
            .build()
            .await
            .expect("it can be built");
        let called = call(&pocket, guest, json!({})).await;
        assert_eq!(code(&called), Code::NotValid, "{guest}: {called:?}");
        assert_eq!(called.usage.wall_us, 0, "nothing ran");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_component_has_so_many_bytes() {
    let hostile = Hostile::with("grow_tables", |entry| entry, |settings| settings.limits.component = 100).await;
    let called = hostile.called("grow_tables", json!({})).await;
    ended(&called, Code::NotValid, "larger than 100 bytes");
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn an_environment_has_so_many_bytes() {
    let size = 32 << 10;
    let fits = Hostile::with(
        "print_env",
        |entry| entry.variable("A", "x".repeat(size - 1)),
        |_settings| {},
    );
    let called = fits.await.call("print_env", json!({})).await;
    assert_eq!(code(&called), Code::Ok, "{called:?}");
    assert_eq!(called.usage.environment_bytes, size as u64);
    let over = Hostile::with(
        "print_env",
        |entry| entry.variable("A", "x".repeat(size)),
        |_settings| {},
    );
    let called = over.await.call("print_env", json!({})).await;
    ended(&called, Code::NotValid, "32768 bytes");
    assert_eq!(called.usage.wall_us, 0, "nothing ran");
}

/// A compiler that leaves a mark where another runs at the same time.
fn alone(folder: &Path) -> String {
    let (lock, mark) = (folder.join("lock"), folder.join("mark"));
    format!(
        "mkdir {lock} || touch {mark}; {program} compile-for-parent; ended=$?; rmdir {lock}; exit $ended",
        lock = lock.display(),
        mark = mark.display(),
        program = binary().display(),
    )
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn so_many_components_are_compiled_at_one_time() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let guests = ["print", "print_args", "print_env", "wait", "work"];
    let embedder = Embedder::new();
    let mut settings = Settings::standard().expect("the embedded files are valid");
    settings.limits.compiles = 1;
    let builder = Pocket::builder()
        .home(Home::at(embedder.home()))
        .settings(settings)
        .compiler(Compiler::Process(compiling::shell(alone(folder.path()))));
    let builder = guests
        .iter()
        .fold(builder, |builder, guest| builder.tool(embedder.program(guest)));
    let pocket = builder.build().await.expect("it can be built");
    let mut calls = tokio::task::JoinSet::new();
    for guest in guests {
        let pocket = pocket.clone();
        calls.spawn(async move { code_of(&pocket, guest, json!({})).await });
    }
    while let Some(ended) = calls.join_next().await {
        assert_eq!(ended.expect("it ends"), Code::Ok);
    }
    assert!(!folder.path().join("mark").exists(), "two ran at the same time");
}

/// Whether a call compiles.
#[derive(Default)]
struct Compiles(std::sync::atomic::AtomicBool);

impl Report for Compiles {
    fn log(&self, _line: &LogLine) {}

    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<&str>) {}

    fn step(&self, step: CallStep) {
        if step == CallStep::Compiling {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn compiled_code_is_kept_up_to_a_size() {
    for (limit, again) in [(1, true), (2 << 30, false)] {
        let embedder = Embedder::new();
        for compiles in [true, again] {
            let mut settings = Settings::standard().expect("the embedded files are valid");
            settings.limits.compiled_code = limit;
            let builder = Pocket::builder().home(Home::at(embedder.home())).settings(settings);
            let pocket = builder.tool(echo()).build().await.expect("it can be built");
            let told = Arc::new(Compiles::default());
            let mut options = CallOptions::default();
            options.report = Some(Arc::clone(&told) as Arc<dyn Report>);
            let called = pocket.call("echo", Input::Json(json!({})), options).await;
            assert!(called.is_ok_and(|called| called.ended.is_ok()));
            assert_eq!(told.0.load(std::sync::atomic::Ordering::SeqCst), compiles, "{limit}");
        }
    }
}
