//! How each guest ends.

use pocket_runtime::{Access, Code, FolderGrant, LogLevel};
use pocket_tests::Recorder;
use serde_json::{Value, json};

use crate::{Hostile, log_size};

/// Each guest is called with its input and ends with its code.
macro_rules! ends {
    ($($name:ident: $guest:literal, $input:expr => $code:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            let called = Hostile::new($guest).await.call($guest, $input).await;
            let code = called.ended.as_ref().err().map_or(Code::Ok, pocket_runtime::Error::code);
            assert_eq!(code, Code::$code, "{:?}", called);
        }
    )*};
}

ends! {
    a_recursion_without_end_traps: "recurse", json!({}) => Trapped;
    a_recursion_that_fills_the_guests_own_stack_traps: "recurse", json!({ "frame": true }) => Trapped;
    an_unreachable_traps: "trap", json!({ "how": "unreachable" }) => Trapped;
    a_panic_traps: "trap", json!({ "how": "panic" }) => Trapped;
    a_division_by_zero_traps: "trap", json!({ "how": "divide" }) => Trapped;
    a_read_out_of_bounds_traps: "trap", json!({ "how": "bounds" }) => Trapped;
    a_flood_of_log_without_end_is_ended_by_the_clock: "flood_stderr", json!({ "mib": null }) => TimedOut;
    an_exit_in_the_middle_of_a_nested_call_traps: "exit_in_realloc", json!({}) => Trapped;
    a_typed_tool_that_exits_gives_no_output: "exit_in_invoke", json!({ "code": 0 }) => ToolFailed;
    a_typed_tool_that_exits_with_a_code_failed: "exit_in_invoke", json!({ "code": 7 }) => ToolFailed;
    a_claim_that_the_token_was_refused_is_the_tools_word: "claim_unauthorized", json!({}) => Unauthorized;
    an_output_that_is_no_json_is_told: "bad_json", json!({}) => InvalidOutput;
    an_error_of_a_typed_tool_is_told: "typed_errors", json!({ "error": "failed", "text": "no" }) => ToolFailed;
    a_report_does_no_harm: "typed_report", json!({}) => Ok;
    a_wait_is_no_harm: "wait", json!({ "milliseconds": 50 }) => Ok;
    work_is_no_harm: "work", json!({ "milliseconds": 50 }) => Ok;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_leaves_its_backtrace_in_the_log() {
    let called = Hostile::new("trap")
        .await
        .call("trap", json!({ "how": "unreachable" }))
        .await;
    assert!(
        called.logs.iter().any(|line| line.message.contains("about to trap")),
        "{:?}",
        called.logs
    );
    assert!(
        called.logs.iter().any(|line| line.level == LogLevel::Error),
        "{:?}",
        called.logs
    );
    let message = called.ended.expect_err("it traps").to_string();
    assert!(message.contains("unreachable"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_code_is_told_with_the_end_of_the_log() {
    let hostile = Hostile::new("exit_code").await;
    let error = hostile
        .call("exit_code", json!({ "code": 3 }))
        .await
        .ended
        .expect_err("it fails");
    assert_eq!(error.code(), Code::ToolFailed);
    assert!(error.to_string().contains("this is why"), "{error}");
    assert_eq!(
        hostile.output("exit_code", json!({ "code": 0 })).await,
        json!("printed before the end\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stdin_may_be_left_and_read_past_its_end() {
    let input = json!({ "a": "b".repeat(100_000) });
    assert_eq!(
        Hostile::new("leave_stdin_unread")
            .await
            .output("leave_stdin_unread", input.clone())
            .await,
        json!("done")
    );
    let read = Hostile::new("read_past_stdin")
        .await
        .output("read_past_stdin", input.clone())
        .await;
    assert_eq!(read, json!({ "read": input.to_string().len(), "past": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_becomes_text() {
    let called = Hostile::new("write_rubbish")
        .await
        .call("write_rubbish", json!({}))
        .await;
    let text = called.ended.expect("it ends well").into_json();
    assert!(
        text.as_str()
            .is_some_and(|text| text.contains("rubbish") && text.contains('\u{fffd}')),
        "{text}"
    );
    assert!(log_size(&Hostile::new("print").await.call("print", json!({})).await) == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_host_is_seen() {
    let environment = Hostile::new("print_env").await.output("print_env", json!({})).await;
    assert_eq!(environment, json!({ "variables": {}, "folder": null }));
    assert_eq!(
        Hostile::new("print_args").await.output("print_args", json!({})).await,
        json!(["print_args"])
    );
    let seen = Hostile::new("read_root").await.output("read_root", json!({})).await;
    let seen = seen.as_object().expect("an object");
    assert!(seen.len() > 5);
    for (path, saw) in seen {
        assert!(saw.get("error").is_some(), "`{path}` is not to be seen: {saw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_only_where_a_folder_was_granted_for_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("there"), "old").expect("a file can be written");
    let own = folder.path().join("default");
    let write = |path: &str| json!({ "path": path, "text": "new" });
    let written = |output: Value| output["written"].as_bool().expect("it says so");

    let hostile = Hostile::new("write_file").await;
    assert!(!written(hostile.output("write_file", write("/data/there")).await));

    let of = |access| FolderGrant::new("/data", folder.path(), access);
    let reads = Hostile::with("write_file", |entry| entry.folder(of(Access::Read)), |_settings| {}).await;
    for path in ["/data/there", "/data/new"] {
        assert!(!written(reads.output("write_file", write(path)).await), "{path}");
    }
    let written_by_each = FolderGrant::new("/data", folder.path().join("{profile}"), Access::Write);
    let writes = Hostile::with("write_file", |entry| entry.folder(written_by_each), |_settings| {}).await;
    assert!(written(writes.output("write_file", write("/data/new")).await));
    for path in ["/data/../out", "/data/../../out", "/out", "out"] {
        assert!(!written(writes.output("write_file", write(path)).await), "{path}");
    }
    let out = folder.path().join("out");
    std::os::unix::fs::symlink(&out, own.join("link")).expect("a link can be made");
    std::os::unix::fs::symlink("/etc", folder.path().join("link")).expect("a link can be made");
    assert!(
        !written(writes.output("write_file", write("/data/link")).await),
        "no link leads out"
    );
    assert!(!out.exists());
    assert_eq!(
        std::fs::read_to_string(folder.path().join("there")).ok().as_deref(),
        Some("old")
    );
    assert_eq!(std::fs::read_to_string(own.join("new")).ok().as_deref(), Some("new"));

    let reads = Hostile::with("read_root", |entry| entry.folder(of(Access::Read)), |_settings| {}).await;
    let seen = reads
        .output(
            "read_root",
            json!({ "paths": ["/data/there", "/data/../..", "/data/link"] }),
        )
        .await;
    assert_eq!(seen["/data/there"], json!({ "text": "old" }));
    assert!(
        seen["/data/../.."].get("error").is_some() && seen["/data/link"].get("error").is_some(),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_and_names_are_not_had() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("a socket can be set so");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let tcp = Hostile::new("raw_tcp")
        .await
        .output("raw_tcp", json!({ "port": port }))
        .await;
    assert_eq!(tcp["connected"], false, "{tcp}");
    assert!(listener.accept().is_err(), "nobody came");

    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
    socket.set_nonblocking(true).expect("a socket can be set so");
    let port = socket.local_addr().expect("a bound socket has an address").port();
    let udp = Hostile::new("raw_udp")
        .await
        .output("raw_udp", json!({ "port": port }))
        .await;
    assert_eq!(udp["sent"], json!(null), "{udp}");
    assert!(socket.recv(&mut [0; 16]).is_err(), "nothing came");

    let names = Hostile::new("resolve_name").await;
    for name in ["localhost", "example.com", "127.0.0.1"] {
        let looked = names.output("resolve_name", json!({ "name": name })).await;
        assert_eq!(looked["addresses"], json!(null), "{name}: {looked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_of_requests_ends_at_their_limit() {
    let recorder = Recorder::start().await;
    let rule = format!("{}/*", recorder.url())
        .parse::<pocket_runtime::Rule>()
        .expect("a rule")
        .private();
    let hostile = Hostile::with(
        "request_bomb",
        |entry| entry.allow(rule),
        |settings| settings.limits.timeout *= 5,
    )
    .await;
    let called = hostile
        .call(
            "request_bomb",
            json!({ "url": format!("{}/a", recorder.url()), "count": 1000 }),
        )
        .await;
    match &called.ended {
        Ok(output) => {
            let output = output.clone().into_json();
            assert_eq!(output["ends"]["200"], 64, "{output}");
        }
        Err(error) => assert_eq!(error.code(), Code::LimitExceeded, "{error}"),
    }
    assert_eq!(called.usage.requests, 64);
    assert_eq!(recorder.seen().len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_ended_by_the_clock() {
    let recorder = Recorder::start().await;
    let rule = format!("{}/*", recorder.url())
        .parse::<pocket_runtime::Rule>()
        .expect("a rule")
        .private();
    let hostile = Hostile::with("never_finish_body", |entry| entry.allow(rule), |_settings| {}).await;
    let input = json!({ "authority": format!("127.0.0.1:{}", recorder.port()) });
    let error = hostile
        .call("never_finish_body", input)
        .await
        .ended
        .expect_err("it never ends by itself");
    assert_eq!(error.code(), Code::TimedOut, "{error}");
}
