//! After each hostile guest the host has the memory that it had before.
//!
//! It is the only test of its process, so that nothing else takes memory meanwhile.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use pocket_runtime::{CallOptions, Home, Input, Pocket, Rule, Settings};
use pocket_tests::{Embedder, Recorder, repository, sample};
use serde_json::{Value, json};

/// What may have been added, in bytes: of allocators and caches, not of guests.
const ADDED: u64 = 8 << 20;

/// How long what a guest had may take to be given back.
const SOON: Duration = Duration::from_secs(10);

/// Every guest of `tests/programs`, with the input that hurts most.
fn guests(url: &str, port: u16) -> Vec<(&'static str, Value)> {
    let nothing = || json!({});
    vec![
        ("bad_json", nothing()),
        ("busy_progress", json!({ "times": 20_000 })),
        ("claim_unauthorized", nothing()),
        ("dial", json!({ "url": format!("{url}/endless") })),
        ("dump_memory", json!({ "reversed": "netnalp" })),
        ("echo_token", nothing()),
        ("exit_code", json!({ "code": 3 })),
        ("exit_in_invoke", json!({ "code": 7 })),
        ("exit_in_realloc", nothing()),
        ("flood_stderr", json!({ "mib": null })),
        ("flood_stdout", json!({ "mib": null })),
        ("grow_memories", nothing()),
        ("grow_memory", json!({ "step_mib": 10 })),
        ("grow_tables", nothing()),
        ("header_flood", json!({ "fields": 1024, "bytes": 1024 })),
        ("hold_memory", nothing()),
        ("hold_reply", json!({ "url": format!("{url}/endless") })),
        ("leave_stdin_unread", json!({ "a": "b".repeat(4 << 20) })),
        ("loop_forever", nothing()),
        ("never_finish_body", json!({ "authority": format!("127.0.0.1:{port}") })),
        ("open_resources", json!({ "count": 10_000 })),
        ("print", json!({ "stdout": "x".repeat(3 << 20) })),
        ("print_args", nothing()),
        ("print_env", nothing()),
        ("random_flood", json!({ "bytes": 1_000_000_000 })),
        ("raw_tcp", json!({ "port": port })),
        ("raw_udp", json!({ "port": port })),
        ("read_past_stdin", json!({ "a": "b".repeat(4 << 20) })),
        ("read_root", nothing()),
        ("recurse", json!({ "frame": true })),
        (
            "request_bomb",
            json!({ "url": format!("{url}/endless"), "count": 1000 }),
        ),
        ("resolve_name", json!({ "name": "localhost" })),
        ("sleep_forever", nothing()),
        ("trap", json!({ "how": "panic" })),
        (
            "typed_errors",
            json!({ "error": "failed", "text": "x".repeat(1 << 20) }),
        ),
        ("typed_report", nothing()),
        ("wait", json!({ "milliseconds": 1 })),
        ("work", json!({ "milliseconds": 1 })),
        ("write_file", json!({ "path": "/data/a", "text": "b" })),
        ("write_rubbish", nothing()),
    ]
}

/// The names of the programs in the repository.
fn programs() -> BTreeSet<String> {
    let folders = ["src/bin", "typed", "wat"].map(|folder| repository().join("tests/programs").join(folder));
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("the folder is in the repository"));
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect()
}

/// What this process has in memory, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("it tells this too");
    let kib: u64 = line
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("it is a number of KiB");
    kib << 10
}

async fn pocket(embedder: &Embedder, guests: &[(&'static str, Value)], url: &str) -> Pocket {
    let mut settings = Settings::standard().expect("the embedded files are valid");
    settings.limits.timeout = Duration::from_millis(500);
    // Of each slot that was used a part stays warm.
    settings.limits.calls = 2;
    settings.limits.calls_per_profile = 2;
    settings.limits.calls_per_tool = 2;
    let rule = url.parse::<Rule>().expect("an origin is a rule").private();
    let builder = Pocket::builder()
        .home(Home::at(embedder.home()))
        .settings(settings)
        .accounts_in_memory()
        .tool(sample("echo").display().to_string());
    let builder = guests.iter().fold(builder, |builder, (guest, _input)| {
        let entry = embedder.program(guest).allow(rule.clone());
        builder.tool(entry.variable("SLACK_BOT_TOKEN", "planted-token"))
    });
    builder.build().await.expect("it can be built")
}

/// Calls a guest, however it ends, then one that is well.
async fn call(pocket: &Pocket, guest: &str, input: &Value) {
    let called = pocket
        .call(guest, Input::Json(input.clone()), CallOptions::default())
        .await;
    drop(called.expect("the guest is there"));
    let after = pocket.invoke("echo", json!({ "after": guest })).await;
    assert_eq!(
        after.expect("the next call is answered").value.into_json(),
        json!({ "after": guest })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_each_hostile_guest_the_memory_is_back() {
    let recorder = Recorder::start().await;
    let embedder = Embedder::new();
    let guests = guests(&recorder.url(), recorder.port());
    let named: BTreeSet<String> = guests.iter().map(|(guest, _input)| (*guest).to_owned()).collect();
    assert_eq!(named, programs(), "every guest is called");
    let pocket = pocket(&embedder, &guests, &recorder.url()).await;
    // Compiles them all, and brings allocators and pools to the size at which they stay.
    for _round in 0..4 {
        for (guest, input) in &guests {
            call(&pocket, guest, input).await;
        }
    }
    let settled = resident();
    for (guest, input) in &guests {
        for _again in 0..3 {
            call(&pocket, guest, input).await;
        }
        let begun = Instant::now();
        while resident() > settled + ADDED {
            assert!(
                begun.elapsed() < SOON,
                "`{guest}` left {} KiB behind",
                (resident() - settled) >> 10
            );
            tokio::task::yield_now().await;
        }
    }
}
