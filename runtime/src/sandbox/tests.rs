//! Small hand-written guests, run as tools are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use crate::{
    auth::Credential,
    base::{
        code::Code,
        digest::Digest,
        home::Home,
        name::{Profile, ToolName},
        net::{Net, NetSettings},
    },
    package::{Access, Component, ComponentKind, FolderGrant, Import},
    sandbox::{
        Compiler, CredentialsMode, End, Engine, EngineParts, Invocation, Limits, LogLine, Outcome, Policy,
        SandboxError, Tool,
    },
};

/// Echoes its input.
const ECHO: &str = "
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get $ptr))
    (i32.store (i32.const 24) (local.get $len))";

/// A typed tool whose `invoke` has this body and gives what it left at 16.
fn typed(body: &str) -> String {
    let error = r#"(variant (case "invalid-input" string) (case "unauthorized" string)
        (case "rate-limited" u32) (case "failed" string))"#;
    format!(
        r#"(component
        (core module $m
            (memory (export "memory") 128)
            (global $next (mut i32) (i32.const 4096))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "invoke") (param $ptr i32) (param $len i32) (result i32)
                {body}
                (i32.const 16)))
        (core instance $i (instantiate $m))
        (type $error {error})
        (type $result (result string (error $error)))
        (func $invoke (param "input" string) (result $result)
            (canon lift (core func $i "invoke") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
        (component $shim
            (type $error {error})
            (import "import-type-error" (type $in (eq $error)))
            (type $in-result (result string (error $in)))
            (import "import-func-invoke" (func $f (param "input" string) (result $in-result)))
            (export $out "error" (type $error))
            (type $out-result (result string (error $out)))
            (export "invoke" (func $f) (func (param "input" string) (result $out-result))))
        (instance $tool (instantiate $shim
            (with "import-func-invoke" (func $invoke))
            (with "import-type-error" (type $error))))
        (export "pocket:tool/tool@0.1.0" (instance $tool)))"#
    )
}

/// A command whose `run` has this body, which leaves 0 where it went well.
fn command(body: &str) -> String {
    format!(
        r#"(component
        (core module $m
            (memory (export "memory") 1)
            (func $recurse (param i32) (result i32)
                (i32.add (call $recurse (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
            (func $run (export "run") (result i32) {body}))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $exported (export "run" (func $run)))
        (export "wasi:cli/run@0.2.6" (instance $exported)))"#
    )
}

const SLEEPER: &str = r#"(component
    (import "wasi:io/poll@0.2.6" (instance $poll
        (export "pollable" (type $p (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock
        (alias outer 1 $pollable (type $of-poll))
        (export "pollable" (type $p (eq $of-poll)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core module $m
        (import "host" "block" (func $block (param i32)))
        (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
        (func (export "run") (result i32)
            (call $block (call $subscribe (i64.const 1000000000000000)))
            (i32.const 0)))
    (core instance $i (instantiate $m (with "host" (instance
        (export "block" (func $block))
        (export "subscribe" (func $subscribe))))))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.6" (instance $exported)))"#;

/// Ends well where its environment is one variable whose value has 12 bytes and begins with `x`.
const LOOKS_AT_ENVIRONMENT: &str = r#"(component
    (import "wasi:cli/environment@0.2.6" (instance $environment
        (export "get-environment" (func (result (list (tuple string string)))))))
    (core module $memory
        (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 4096))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.get $next)
            (global.set $next (i32.add (global.get $next) (local.get 3)))))
    (core instance $memory (instantiate $memory))
    (alias core export $memory "memory" (core memory $shared))
    (core func $get (canon lower (func $environment "get-environment")
        (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $m
        (import "host" "memory" (memory 1))
        (import "host" "get" (func $get (param i32)))
        (func (export "run") (result i32)
            (local $first i32)
            (call $get (i32.const 16))
            (local.set $first (i32.load (i32.const 16)))
            (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then unreachable))
            (if (i32.ne (i32.load offset=12 (local.get $first)) (i32.const 12)) (then unreachable))
            (i32.ne (i32.load8_u (i32.load offset=8 (local.get $first))) (i32.const 120))))
    (core instance $i (instantiate $m (with "host" (instance
        (export "memory" (memory $shared))
        (export "get" (func $get))))))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.6" (instance $exported)))"#;

fn component(kind: ComponentKind, wat: &str) -> Component {
    let bytes: Arc<[u8]> = wat::parse_str(wat).unwrap().into();
    Component {
        path: "tool.wasm".to_owned(),
        digest: Digest::of(&bytes),
        bytes,
        kind,
        imports: Vec::new(),
    }
}

fn policy() -> Policy {
    Policy {
        deny: Vec::new(),
        allow: Vec::new(),
        files: Vec::new(),
        variables: BTreeMap::new(),
        credentials: CredentialsMode::Env,
        timeout: Duration::from_secs(20),
        memory: 16 << 20,
    }
}

/// An engine in a home of its own, small so that many tests at one time find room.
struct World {
    engine: Engine,
    home: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(home: tempfile::TempDir) -> Self {
        Self::for_calls(16, home)
    }

    fn for_calls(calls: u32, home: tempfile::TempDir) -> Self {
        let limits = Limits {
            calls,
            calls_per_profile: calls,
            calls_per_tool: calls,
            ..Limits::default()
        };
        Self {
            engine: Engine::new(EngineParts {
                limits,
                compiler: Compiler::InProcess,
                net: Net::new(NetSettings::default()).unwrap(),
                home: Home::at(home.path()),
            })
            .unwrap(),
            home,
        }
    }

    /// The next process on the same machine.
    fn again(self) -> Self {
        Self::at(self.home)
    }

    async fn load(&self, component: &Component, policy: Policy) -> Result<Tool, SandboxError> {
        let name: ToolName = "guest".parse().unwrap();
        self.engine.load_component(&name, component, policy, None).await
    }

    async fn command(&self, wat: &str, policy: Policy) -> Tool {
        self.load(&component(ComponentKind::Command, wat), policy)
            .await
            .unwrap()
    }

    async fn typed(&self, body: &str) -> Tool {
        let component = component(ComponentKind::Typed, &typed(body));
        self.load(&component, policy()).await.unwrap()
    }

    fn compiled(&self) -> PathBuf {
        self.home.path().join("cache/compiled")
    }

    /// The only entry of the cache.
    fn entry(&self) -> PathBuf {
        let mut entries: Vec<PathBuf> = fs::read_dir(self.compiled())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap() != "key")
            .collect();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.pop().unwrap()
    }
}

async fn call(tool: &Tool, input: &str) -> End {
    tool.invoke(Invocation {
        input,
        profile: &Profile::default(),
        credential: None,
        auth: None,
        report: None,
    })
    .await
}

fn output(end: &End) -> &str {
    let Outcome::Output(text) = &end.outcome else {
        panic!("{:?}", end.outcome);
    };
    text
}

#[tokio::test]
async fn a_typed_tool_gives_its_output_and_what_it_cost() {
    let world = World::new();
    let tool = world.typed(ECHO).await;
    let end = call(&tool, r#"{"a":1}"#).await;
    assert_eq!(output(&end), r#"{"a":1}"#);
    assert_eq!(end.usage.memory_bytes, 128 << 16);
    assert!(end.usage.wall_us >= end.usage.cpu_us / 2);
    assert!(end.logs.is_empty());
}

#[tokio::test]
async fn each_error_of_a_typed_tool_is_told_as_it_is() {
    let world = World::new();
    let error = |case: i32| {
        format!(
            "(i32.store8 (i32.const 16) (i32.const 1))
             (i32.store8 (i32.const 20) (i32.const {case}))
             (i32.store (i32.const 24) (local.get $ptr))
             (i32.store (i32.const 28) (local.get $len))"
        )
    };
    for case in 0..4 {
        let tool = world.typed(&error(case)).await;
        match (case, call(&tool, "why").await.outcome) {
            (0, Outcome::InvalidInput(text)) | (1, Outcome::Unauthorized(text)) | (3, Outcome::ToolFailed(text)) => {
                assert_eq!(text, "why");
            }
            (2, Outcome::RateLimited(4096)) => {}
            (case, other) => panic!("{case}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_output_above_the_limit_is_refused_however_large() {
    let world = World::new();
    for length in [(4 << 20) + 1, 6 << 20] {
        let tool = world
            .typed(&format!(
                "(i32.store8 (i32.const 16) (i32.const 0))
                 (i32.store (i32.const 20) (i32.const 65536))
                 (i32.store (i32.const 24) (i32.const {length}))"
            ))
            .await;
        let end = call(&tool, "{}").await;
        assert!(matches!(end.outcome, Outcome::OutputTooLarge), "{:?}", end.outcome);
    }
}

#[tokio::test]
async fn a_command_ends_well_or_with_its_exit_code() {
    let world = World::new();
    let well = world.command(&command("(i32.const 0)"), policy()).await;
    assert_eq!(output(&call(&well, "{}").await), "");
    let ill = world.command(&command("(i32.const 1)"), policy()).await;
    let outcome = call(&ill, "{}").await.outcome;
    let failed = matches!(&outcome, Outcome::ToolFailed(message) if message.contains("exit code 1"));
    assert!(failed, "{outcome:?}");
}

#[tokio::test]
async fn a_trap_is_told_with_its_backtrace_in_the_log() {
    let world = World::new();
    let tool = world.command(&command("unreachable"), policy()).await;
    let end = call(&tool, "{}").await;
    assert!(
        matches!(&end.outcome, Outcome::Trapped(message) if message.contains("unreachable")),
        "{:?}",
        end.outcome
    );
    let log: Vec<&str> = end
        .logs
        .iter()
        .map(|LogLine { message, .. }| message.as_str())
        .collect();
    assert!(log.iter().any(|line| line.contains("m!run")), "{log:?}");
}

#[tokio::test]
async fn a_credential_is_in_the_environment_over_the_variables_and_nowhere_else() {
    let world = World::new();
    let with_variable = Policy {
        variables: BTreeMap::from([("TOKEN".to_owned(), "the operator's own".to_owned())]),
        ..policy()
    };
    let credential = Credential::for_tests("TOKEN", "xoxb-planted");
    let call = async |tool: &Tool| {
        tool.invoke(Invocation {
            input: "{}",
            profile: &Profile::default(),
            credential: Some(&credential),
            auth: None,
            report: None,
        })
        .await
    };
    let tool = world.command(LOOKS_AT_ENVIRONMENT, with_variable.clone()).await;
    assert_eq!(output(&call(&tool).await), "");
    let trapping = world.command(&command("unreachable"), with_variable).await;
    let failing = world.command(&command("(i32.const 1)"), policy()).await;
    for tool in [trapping, failing] {
        let end = call(&tool).await;
        let told = format!("{end:?}");
        assert!(!told.contains("planted"), "{told}");
    }
}

#[tokio::test]
async fn endless_recursion_traps() {
    let world = World::new();
    let tool = world.command(&command("(call $recurse (i32.const 0))"), policy()).await;
    let end = call(&tool, "{}").await;
    assert!(
        matches!(&end.outcome, Outcome::Trapped(message) if message.contains("stack exhausted")),
        "{:?}",
        end.outcome
    );
    assert!(end.logs.len() < 50);
}

#[tokio::test]
async fn a_guest_that_loops_or_sleeps_forever_ends_at_its_time_and_others_run_meanwhile() {
    let world = World::new();
    let short = Policy {
        timeout: Duration::from_millis(300),
        ..policy()
    };
    let looping = world
        .command(&command("(loop (br 0)) (i32.const 0)"), short.clone())
        .await;
    let sleeping = world.command(SLEEPER, short).await;
    let echo = world.typed(ECHO).await;
    let started = Instant::now();
    // All on one thread: the looping one must let go of it.
    let (looped, slept, echoed) = tokio::join!(call(&looping, "{}"), call(&sleeping, "{}"), async {
        let echoed = call(&echo, "{}").await;
        (echoed, started.elapsed())
    });
    assert!(matches!(looped.outcome, Outcome::TimedOut), "{:?}", looped.outcome);
    assert!(matches!(slept.outcome, Outcome::TimedOut), "{:?}", slept.outcome);
    assert_eq!(output(&echoed.0), "{}");
    assert!(echoed.1 < Duration::from_millis(300), "{:?}", echoed.1);
    assert!(looped.usage.cpu_us > 10 * slept.usage.cpu_us, "{looped:?} {slept:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing() {
    let world = World::new();
    let tool = world.command(&command("(loop (br 0)) (i32.const 0)"), policy()).await;
    let dropped = tokio::time::timeout(Duration::from_millis(50), call(&tool, "{}")).await;
    assert!(dropped.is_err());
    assert_eq!(tool.engine.memory.used(), 0);
    assert_eq!(tool.places.available_permits(), 16);
}

#[tokio::test]
async fn memory_is_refused_at_the_limit_and_told_where_the_guest_then_fails() {
    let world = World::new();
    let until_refused = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))";
    let copes = world
        .command(&command(&format!("{until_refused} (i32.const 0)")), policy())
        .await;
    let end = call(&copes, "{}").await;
    assert_eq!(output(&end), "");
    assert!(
        end.usage.memory_bytes > 14 << 20 && end.usage.memory_bytes <= 16 << 20,
        "{:?}",
        end.usage
    );
    for fails in ["unreachable", "(i32.const 1)"] {
        let tool = world
            .command(&command(&format!("{until_refused} {fails}")), policy())
            .await;
        let end = call(&tool, "{}").await;
        assert!(matches!(end.outcome, Outcome::OutOfMemory), "{:?}", end.outcome);
        assert_eq!(tool.engine.memory.used(), 0);
    }
}

#[tokio::test]
async fn a_call_sees_nothing_of_the_one_before() {
    let world = World::new();
    let tool = world
        .typed(
            "(if (i32.load8_u (i32.const 70000)) (then unreachable))
             (i32.store8 (i32.const 70000) (i32.const 1))
             (i32.store8 (i32.const 16) (i32.const 0))
             (i32.store (i32.const 20) (local.get $ptr))
             (i32.store (i32.const 24) (local.get $len))",
        )
        .await;
    for _ in 0..20 {
        assert_eq!(output(&call(&tool, "{}").await), "{}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_there_are_places_all_get_their_turn() {
    let world = World::new();
    let tool = world.typed(ECHO).await;
    let ends = join_all((0..200).map(|_| call(&tool, "{}"))).await;
    for end in &ends {
        assert_eq!(output(end), "{}");
    }
}

#[tokio::test]
async fn where_the_pool_has_no_room_calls_run_without_it() {
    // Slots for so many take more address space than any machine has.
    let world = World::for_calls(1_000_000, tempfile::tempdir().unwrap());
    let tool = world.typed(ECHO).await;
    assert!(tool.engine.wasmtime.get_pooling_config().is_none());
    assert_eq!(output(&call(&tool, "{}").await), "{}");
    let trapping = world.command(&command("unreachable"), policy()).await;
    assert!(matches!(call(&trapping, "{}").await.outcome, Outcome::Trapped(_)));
}

#[tokio::test]
async fn what_cannot_hold_is_refused_when_the_tool_is_loaded() {
    let world = World::new();
    let echo = component(ComponentKind::Typed, &typed(ECHO));
    let refused = |policy: Policy, component: Component| {
        let world = &world;
        async move { world.load(&component, policy).await.err().unwrap() }
    };
    let folder = Policy {
        files: vec![FolderGrant {
            guest: "/data".to_owned(),
            folder: world.home.path().join("nowhere"),
            access: Access::Read,
        }],
        ..policy()
    };
    assert_eq!(refused(folder, echo.clone()).await.code(), Code::NotFound);

    let variables = Policy {
        variables: BTreeMap::from([("A".to_owned(), "x".repeat(64 << 10))]),
        ..policy()
    };
    let long = Policy {
        timeout: Duration::from_secs(3600),
        ..policy()
    };
    let large = Policy {
        memory: 2 << 30,
        ..policy()
    };
    let little = Policy {
        memory: 1 << 20,
        ..policy()
    };
    for policy in [variables, long, large, little] {
        assert_eq!(refused(policy, echo.clone()).await.code(), Code::NotValid);
    }

    let later = Component {
        imports: vec![Import("wasi:cli/stdout@0.3.0".to_owned())],
        ..echo.clone()
    };
    assert!(matches!(refused(policy(), later).await, SandboxError::Wasi03(_)));
    let rubbish = |bytes: Vec<u8>| Component {
        digest: Digest::of(&bytes),
        bytes: bytes.into(),
        ..echo.clone()
    };
    let elf = world.engine_of_a_code().await;
    for bytes in [b"\0asm".to_vec(), echo.bytes[..200].to_vec(), elf] {
        let error = refused(policy(), rubbish(bytes)).await;
        assert!(matches!(error, SandboxError::Compile(_)), "{error:?}");
    }
    let unknown = component(
        ComponentKind::Command,
        r#"(component (import "acme:secrets/steal@1.0.0" (instance)))"#,
    );
    let error = refused(policy(), unknown).await;
    assert!(matches!(error, SandboxError::Link(_)), "{error:?}");
    let memories = "(core module $m (memory 1)) ".to_owned() + &"(core instance (instantiate $m)) ".repeat(5);
    let error = refused(
        policy(),
        component(ComponentKind::Command, &format!("(component {memories})")),
    )
    .await;
    assert_eq!(error.code(), Code::NotValid, "{error:?}");
}

impl World {
    /// Compiled code: what nobody may hand in as a component.
    async fn engine_of_a_code(&self) -> Vec<u8> {
        let tool = self.typed(ECHO).await;
        tool._compiled.get().unwrap().serialize().unwrap()
    }
}

#[tokio::test]
async fn compiled_code_is_kept_and_used_by_the_next_process() {
    let world = World::new();
    world.typed(ECHO).await;
    let entry = world.entry();
    let made = fs::metadata(&entry).unwrap().modified().unwrap();
    let world = world.again();
    let tool = world.typed(ECHO).await;
    assert_eq!(output(&call(&tool, "{}").await), "{}");
    assert_eq!(fs::metadata(world.entry()).unwrap().modified().unwrap(), made);
}

#[tokio::test]
async fn code_that_was_changed_is_compiled_again() {
    let mut world = World::new();
    world.typed(ECHO).await;
    let whole = fs::read(world.entry()).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut other_seal = whole.clone();
    other_seal[20] ^= 1;
    for damaged in [&flipped[..], &other_seal, &whole[..30], &whole[..whole.len() / 2], b""] {
        fs::write(world.entry(), damaged).unwrap();
        world = world.again();
        let tool = world.typed(ECHO).await;
        assert_eq!(output(&call(&tool, "{}").await), "{}");
        assert_ne!(fs::read(world.entry()).unwrap(), damaged);
    }
}

#[tokio::test]
async fn one_entry_in_anothers_place_is_not_loaded() {
    let world = World::new();
    world.typed(ECHO).await;
    let echo = world.entry();
    let kept = world.home.path().join("kept");
    fs::rename(&echo, &kept).unwrap();
    world.command(&command("unreachable"), policy()).await;
    let other = world.entry();
    fs::copy(&kept, &other).unwrap();
    let world = world.again();
    let tool = world.command(&command("unreachable"), policy()).await;
    assert!(matches!(call(&tool, "{}").await.outcome, Outcome::Trapped(_)));
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn an_entry_that_others_may_use_or_that_is_a_link_is_replaced() {
    let world = World::new();
    world.typed(ECHO).await;
    let entry = world.entry();
    set_mode(&entry, 0o644);
    let world = world.again();
    world.typed(ECHO).await;
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&entry), 0o600);

    let elsewhere = world.home.path().join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &entry).unwrap();
    let world = world.again();
    world.typed(ECHO).await;
    assert!(!fs::symlink_metadata(&entry).unwrap().is_symlink());
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_or_a_key_that_others_may_use_leaves_the_cache_unused() {
    let world = World::new();
    fs::create_dir_all(world.compiled()).unwrap();
    set_mode(&world.compiled(), 0o755);
    let tool = world.typed(ECHO).await;
    assert_eq!(output(&call(&tool, "{}").await), "{}");
    assert_eq!(fs::read_dir(world.compiled()).unwrap().count(), 0);

    set_mode(&world.compiled(), 0o700);
    fs::write(world.compiled().join("key"), [0; 32]).unwrap();
    set_mode(&world.compiled().join("key"), 0o640);
    let world = world.again();
    world.typed(ECHO).await;
    assert_eq!(fs::read_dir(world.compiled()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn code_that_is_anothers_or_lies_below_what_others_write_is_not_used() {
    use crate::base::ours::tests::give_away;

    let world = World::new();
    world.typed(ECHO).await;
    give_away(&world.entry());
    let world = world.again();
    world.typed(ECHO).await;
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(world.entry()).unwrap());
    assert_eq!(owner, rustix::process::geteuid().as_raw(), "it was compiled again");

    for spoil in [give_away, |folder: &Path| set_mode(folder.parent().unwrap(), 0o777)] {
        let world = World::new();
        fs::create_dir_all(world.compiled()).unwrap();
        set_mode(&world.compiled(), 0o700);
        spoil(&world.compiled());
        let tool = world.typed(ECHO).await;
        assert_eq!(output(&call(&tool, "{}").await), "{}");
        assert_eq!(fs::read_dir(world.compiled()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_component_is_compiled_once_however_many_ask() {
    let world = World::new();
    let echo = component(ComponentKind::Typed, &typed(ECHO));
    let tools = join_all((0..8).map(|_| world.load(&echo, policy()))).await;
    let first = Arc::as_ptr(&tools.first().unwrap().as_ref().unwrap()._compiled);
    for tool in &tools {
        assert_eq!(Arc::as_ptr(&tool.as_ref().unwrap()._compiled), first);
    }
}

#[tokio::test]
async fn the_oldest_code_goes_where_there_is_too_much() {
    let world = World::new();
    world.typed(ECHO).await;
    let size = fs::metadata(world.entry()).unwrap().len();
    let old = world.compiled().join("0".repeat(64));
    fs::write(&old, vec![0; usize::try_from(size).unwrap()]).unwrap();
    fs::File::open(&old)
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    super::cache::CodeCache::new(world.compiled(), size + 10)
        .tidy()
        .unwrap();
    assert!(!old.exists());
    world.entry();
}
