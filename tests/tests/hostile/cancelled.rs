//! Calls that nobody waits for any more.

use std::time::{Duration, Instant};

use pocket_runtime::{Code, Pocket};
use pocket_tests::Recorder;
use serde_json::{Value, json};

use crate::{Hostile, MIB, code_of, egress::dialling, private, running};

/// Long for what ought to take milliseconds.
const SOON: Duration = Duration::from_secs(10);

/// Until there is room for a call, which is answered then.
async fn free(pocket: &Pocket) {
    let begun = Instant::now();
    loop {
        match code_of(pocket, "echo", json!({})).await {
            Code::Ok => return,
            Code::Busy => assert!(begun.elapsed() < SOON, "there is still no room"),
            other => panic!("it ended with {other}"),
        }
        tokio::task::yield_now().await;
    }
}

/// On one thread, so that a guest which keeps it would let nobody answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_that_is_dropped_gives_back_its_place_its_memory_and_its_thread_soon() {
    let hostile = Hostile::among(&["loop_forever", "sleep_forever", "hold_memory"], |settings| {
        let limits = &mut settings.limits;
        limits.timeout = Duration::from_secs(300);
        limits.memory = 64 * MIB;
        // What one call may have is all there is.
        limits.memory_of_all_calls = 64 * MIB;
        limits.calls = 1;
        limits.waiting = 0;
    })
    .await;
    let pocket = &hostile.pocket;
    free(pocket).await;
    for guest in ["loop_forever", "sleep_forever", "hold_memory"] {
        for _again in 0..3 {
            let call = running(pocket, guest, json!({ "say": true })).await;
            assert_eq!(code_of(pocket, "echo", json!({})).await, Code::Busy, "`{guest}` runs");
            let begun = Instant::now();
            call.abort();
            // The end of a task is the end of all that it held.
            assert!(call.await.is_err_and(|ended| ended.is_cancelled()), "{guest}");
            assert!(begun.elapsed() < SOON, "{guest}: {:?}", begun.elapsed());
            // On the very thread that the guest had.
            let other = pocket.clone();
            let answered = tokio::spawn(async move { free(&other).await });
            answered.await.expect("it is answered");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_while_a_request_is_open_closes_it() {
    let recorder = Recorder::start().await;
    let hostile = dialling([private(&recorder.url())]).await;
    let stall = json!({ "url": format!("{}/stall", recorder.url()) });
    tokio::select! {
        ended = hostile.pocket.invoke("dial", stall) => panic!("nothing ends it: {ended:?}"),
        () = async {
            while recorder.seen().is_empty() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    recorder.abandoned().await;
    let answered = hostile
        .output("dial", json!({ "url": format!("{}/", recorder.url()) }))
        .await;
    assert_eq!(answered["status"], 200, "{answered}");
}

/// A guest that holds a reply which never ends, and reads none of it.
async fn holding(recorder: &Recorder) -> (Hostile, Value) {
    let rule = private(&recorder.url());
    let hostile = Hostile::with("hold_reply", |entry| entry.allow(rule), |_settings| {}).await;
    (hostile, json!({ "url": format!("{}/endless", recorder.url()) }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_held_is_let_go_when_its_call_is_dropped() {
    let recorder = Recorder::start().await;
    let (hostile, input) = holding(&recorder).await;
    let call = running(&hostile.pocket, "hold_reply", input).await;
    call.abort();
    recorder.abandoned().await;
    free(&hostile.pocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_held_is_let_go_when_the_time_of_its_call_is_over() {
    let recorder = Recorder::start().await;
    let (hostile, input) = holding(&recorder).await;
    let called = hostile.call("hold_reply", input).await;
    assert_eq!(called.ended.expect_err("it never ends").code(), Code::TimedOut);
    assert!(called.usage.received_bytes <= 32 * MIB, "{:?}", called.usage);
    recorder.abandoned().await;
}
