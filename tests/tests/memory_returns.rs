//! After each hostile guest the host has the memory that it had before.
//!
//! It is the only test of its process, so that nothing else takes memory meanwhile.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use pocket_runtime::{CallOptions, Code, Home, Input, Pocket, Rule, Settings};
use pocket_tests::{Embedder, Recorder, repository, sample};
use serde_json::{Value, json};

/// What may have been added, in bytes: of allocators and caches, not of guests.
const ADDED: u64 = 8 << 20;

/// How long what a guest had may take to be given back.
const SOON: Duration = Duration::from_secs(10);

/// A guest, the input that hurts most, and the codes with which it may end.
type Guest = (&'static str, Value, Vec<Code>);

/// Every guest of `tests/programs`.
fn guests(url: &str, port: u16) -> Vec<Guest> {
    let well = well(port).into_iter();
    let well = well.map(|(guest, input)| (guest, input, vec![Code::Ok]));
    let ill = ill(url, port).into_iter();
    let ill = ill.map(|(guest, input, code)| (guest, input, vec![code]));
    let in_time = in_time(url).into_iter();
    let in_time = in_time.map(|(guest, input)| (guest, input, vec![Code::Ok, Code::TimedOut]));
    well.chain(ill).chain(in_time).collect()
}

/// Those that end well. What they are refused, they tell.
fn well(port: u16) -> Vec<(&'static str, Value)> {
    let nothing = || json!({});
    vec![
        ("dump_memory", json!({ "reversed": "netnalp" })),
        ("echo_token", nothing()),
        ("leave_stdin_unread", json!({ "a": "b".repeat(4 << 20) })),
        ("print", json!({ "stdout": "x".repeat(3 << 20) })),
        ("print_args", nothing()),
        ("print_env", nothing()),
        ("raw_tcp", json!({ "port": port })),
        ("raw_udp", json!({ "port": port })),
        ("read_past_stdin", json!({ "a": "b".repeat(4 << 20) })),
        ("read_root", nothing()),
        ("resolve_name", json!({ "name": "localhost" })),
        ("typed_report", nothing()),
        ("wait", json!({ "milliseconds": 1 })),
        ("work", json!({ "milliseconds": 1 })),
        ("write_file", json!({ "path": "/data/a", "text": "b" })),
        ("write_rubbish", nothing()),
    ]
}

/// Those that end in one way, and not well.
fn ill(url: &str, port: u16) -> Vec<(&'static str, Value, Code)> {
    let nothing = || json!({});
    let failed = json!({ "error": "failed", "text": "x".repeat(1 << 20) });
    let fields = json!({ "fields": 1024, "bytes": 1024 });
    let begun = json!({ "authority": format!("127.0.0.1:{port}") });
    let endless = json!({ "url": format!("{url}/endless") });
    vec![
        ("bad_json", nothing(), Code::InvalidOutput),
        ("claim_unauthorized", nothing(), Code::Unauthorized),
        ("exit_code", json!({ "code": 3 }), Code::ToolFailed),
        ("exit_in_invoke", json!({ "code": 7 }), Code::ToolFailed),
        ("exit_in_realloc", nothing(), Code::Trapped),
        ("flood_stderr", json!({ "mib": null }), Code::TimedOut),
        ("flood_stdout", json!({ "mib": null }), Code::OutputTooLarge),
        ("grow_memories", nothing(), Code::OutOfMemory),
        ("grow_tables", nothing(), Code::LimitExceeded),
        ("header_flood", fields, Code::LimitExceeded),
        ("hold_memory", nothing(), Code::TimedOut),
        ("hold_reply", endless, Code::TimedOut),
        ("loop_forever", nothing(), Code::TimedOut),
        ("never_finish_body", begun, Code::TimedOut),
        ("open_resources", json!({ "count": 10_000 }), Code::LimitExceeded),
        ("random_flood", json!({ "bytes": 1_000_000_000 }), Code::LimitExceeded),
        ("recurse", json!({ "frame": true }), Code::Trapped),
        ("sleep_forever", nothing(), Code::TimedOut),
        ("trap", json!({ "how": "panic" }), Code::Trapped),
        ("typed_errors", failed, Code::ToolFailed),
    ]
}

/// Those for which their time may be too short, and which tell how far they came where it is enough.
fn in_time(url: &str) -> Vec<(&'static str, Value)> {
    let endless = format!("{url}/endless");
    vec![
        ("busy_progress", json!({ "times": 20_000 })),
        // It tells that the reply is larger than it may be.
        ("dial", json!({ "url": endless })),
        ("grow_memory", json!({ "step_mib": 10 })),
        // It tells which of its requests were refused.
        ("request_bomb", json!({ "url": endless, "count": 1000 })),
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

async fn pocket(embedder: &Embedder, guests: &[Guest], url: &str) -> Pocket {
    let mut settings = Settings::standard().expect("the embedded files are valid");
    settings.limits.timeout = Duration::from_secs(2);
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
    let builder = guests.iter().fold(builder, |builder, (guest, _input, _codes)| {
        let entry = embedder.program(guest).allow(rule.clone());
        builder.tool(entry.variable("SLACK_BOT_TOKEN", "planted-token"))
    });
    builder.build().await.expect("it can be built")
}

/// Calls a guest, which ends as it must, then one that is well.
async fn call(pocket: &Pocket, (guest, input, codes): &Guest) {
    let called = pocket
        .call(guest, Input::Json(input.clone()), CallOptions::default())
        .await;
    let ended = called.expect("the guest is there").ended;
    let code = ended.as_ref().err().map_or(Code::Ok, pocket_runtime::Error::code);
    if !codes.contains(&code) {
        // An output may be of some MiB.
        let told = ended.err().map(|error| error.to_string());
        panic!("`{guest}` ends with one of {codes:?}, not {code:?}: {told:?}");
    }
    drop(ended);
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
    let named: BTreeSet<String> = guests.iter().map(|(guest, ..)| (*guest).to_owned()).collect();
    assert_eq!(named, programs(), "every guest is called");
    let pocket = pocket(&embedder, &guests, &recorder.url()).await;
    // Compiles them all, and brings allocators and pools to the size at which they stay.
    let mut settled = 0;
    for _round in 0..4 {
        for guest in &guests {
            call(&pocket, guest).await;
        }
        settled = settled.max(resident());
    }
    for guest in &guests {
        for _again in 0..3 {
            call(&pocket, guest).await;
        }
        let begun = Instant::now();
        while resident() > settled + ADDED {
            assert!(
                begun.elapsed() < SOON,
                "`{}` left {} KiB behind",
                guest.0,
                (resident() - settled) >> 10
            );
            tokio::task::yield_now().await;
        }
    }
}
