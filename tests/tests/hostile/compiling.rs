//! Components that are compiled in processes of their own.

use std::{path::Path, time::Duration};

use pocket_runtime::{Code, Compiler, CompilerProcess, Error, Home, Pocket, Settings};
use pocket_tests::{Embedder, binary};
use serde_json::json;

use crate::{code_of, echo};

/// A `Pocket` that compiles with this program.
pub(crate) async fn compiling_with(
    embedder: &Embedder,
    process: CompilerProcess,
    change: impl FnOnce(&mut Settings),
) -> Pocket {
    let mut settings = Settings::standard().expect("the embedded files are valid");
    change(&mut settings);
    Pocket::builder()
        .home(Home::at(embedder.home()))
        .settings(settings)
        .compiler(Compiler::Process(process))
        .tool(echo())
        .build()
        .await
        .expect("it can be built")
}

/// Waits until a process has ended.
async fn gone(pid: &str) {
    let command = Path::new("/proc").join(pid).join("cmdline");
    let ended = async {
        // One that has ended has no command any more, whether or not its parent has asked for its end.
        while std::fs::read(&command).is_ok_and(|command| !command.is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .expect("the process is ended");
}

pub(crate) fn pocket() -> CompilerProcess {
    CompilerProcess::new(binary(), ["compile-for-parent"])
}

pub(crate) fn shell(script: String) -> CompilerProcess {
    CompilerProcess::new("/bin/sh", ["-c".to_owned(), script])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_compiled_in_a_process_of_its_own() {
    let embedder = Embedder::new();
    let pocket = compiling_with(&embedder, pocket(), |_settings| {}).await;
    let output = pocket.invoke("echo", json!({ "a": 1 })).await.expect("it is compiled");
    assert_eq!(output.value.into_json(), json!({ "a": 1 }));
    // What is kept of it serves the next process, whatever its compiler.
    let nobody = shell("exit 1".to_owned());
    let next = compiling_with(&embedder, nobody, |_settings| {}).await;
    assert_eq!(code_of(&next, "echo", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_compiler_that_takes_too_much_memory_dies_alone() {
    let embedder = Embedder::new();
    let starved = compiling_with(&embedder, pocket(), |settings| settings.limits.compile_memory = 1 << 20).await;
    let error = starved.invoke("echo", json!({})).await.expect_err("it has no room");
    assert_eq!(error.code(), Code::NotValid, "{error}");
    assert!(error.to_string().contains("the compiler died"), "{error}");
    let well = compiling_with(&embedder, pocket(), |_settings| {}).await;
    assert_eq!(code_of(&well, "echo", json!({})).await, Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_compiler_that_hangs_is_ended_and_the_next_component_is_compiled() {
    let embedder = Embedder::new();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("pid");
    let hanging = shell(format!("echo $$ > {}; exec sleep 1000", file.display()));
    let slow = compiling_with(&embedder, hanging, |settings| {
        settings.limits.compile_timeout = Duration::from_secs(2);
        settings.limits.compiles = 1;
    })
    .await;
    for _attempt in 0..2 {
        let error = slow.invoke("echo", json!({})).await.expect_err("it hangs");
        assert!(error.to_string().contains("takes longer than it may"), "{error}");
        let pid = std::fs::read_to_string(&file).expect("it was started");
        gone(pid.trim()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_that_crashes_or_is_not_there_is_told() {
    let embedder = Embedder::new();
    for (process, words, code) in [
        (shell("kill -SEGV $$".to_owned()), "the compiler died", Code::NotValid),
        (
            shell("cat > /dev/null; echo no such luck >&2; exit 65".to_owned()),
            "the compiler died over the component: exit status: 65: no such luck",
            Code::NotValid,
        ),
        (
            shell("cat > /dev/null; echo rubbish".to_owned()),
            "the compiler died",
            Code::NotValid,
        ),
        (
            CompilerProcess::new("/nowhere/at/all", [""]),
            "could not be run",
            Code::Internal,
        ),
    ] {
        let pocket = compiling_with(&embedder, process, |_settings| {}).await;
        let error: Error = pocket.invoke("echo", json!({})).await.expect_err("it does not compile");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_compiler_refuses_is_told_in_its_own_words_with_code_and_hint() {
    let embedder = Embedder::new();
    // It is told nothing, so it cannot work: that is no fault of the component's.
    let untold = shell(format!("exec {} compile-for-parent < /dev/null", binary().display()));
    let made_up = |refusal: &str| shell(format!("cat > /dev/null; printf '%s' '{refusal}'; exit 65"));
    let busy = made_up(r#"{"code":"busy","words":"no turn","hints":["wait\u001b[2J"]}"#);
    let well = made_up(r#"{"code":"ok","words":"all is well","hints":[]}"#);
    for (process, words, code, hint) in [
        (
            untold,
            "the sandbox could not be set up",
            Code::Internal,
            "`pocket doctor`",
        ),
        (busy, "no turn", Code::Busy, "wait\\u{1b}[2J"),
        (well, "the compiler died", Code::NotValid, "build the component smaller"),
    ] {
        let pocket = compiling_with(&embedder, process, |_settings| {}).await;
        let error = pocket.invoke("echo", json!({})).await.expect_err("it is refused");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.code(), code, "{error}");
        assert!(
            error.hints().iter().any(|told| told.contains(hint)),
            "{:?}",
            error.hints()
        );
    }
}
