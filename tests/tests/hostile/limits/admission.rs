//! Who may run now, who waits, and who is told to come back.

use std::time::Duration;

use pocket_runtime::{Called, Code, Pocket, Settings};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{code, ended};
use crate::{Hostile, MIB, call, running};

/// A guest that holds its place for as long as nobody ends it.
async fn with_places(change: impl FnOnce(&mut Settings)) -> Hostile {
    let long = |settings: &mut Settings| {
        settings.limits.timeout = Duration::from_secs(300);
        settings.limits.waiting = 0;
        change(settings);
    };
    let hostile = Hostile::with("sleep_forever", |entry| entry, long).await;
    assert_eq!(code(&hostile.called("echo", json!({})).await), Code::Ok);
    hostile
}

async fn holding(pocket: &Pocket) -> JoinHandle<Called> {
    running(pocket, "sleep_forever", json!({ "say": true })).await
}

/// Ends a call, and waits until what it held is free.
async fn end(call: JoinHandle<Called>) {
    call.abort();
    assert!(call.await.is_err_and(|ended| ended.is_cancelled()));
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn calls_at_one_time_have_a_limit() {
    let hostile = with_places(|settings| settings.limits.calls = 1).await;
    let held = holding(&hostile.pocket).await;
    ended(&hostile.called("echo", json!({})).await, Code::Busy, "too many calls");
    end(held).await;
    assert_eq!(code(&hostile.called("echo", json!({})).await), Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn calls_of_one_profile_have_a_limit() {
    let hostile = with_places(|settings| settings.limits.calls_per_profile = 1).await;
    let (ada, bob) = (hostile.pocket.for_profile("ada"), hostile.pocket.for_profile("bob"));
    let held = holding(&ada).await;
    ended(&call(&ada, "echo", json!({})).await, Code::Busy, "too many calls");
    assert_eq!(code(&call(&bob, "echo", json!({})).await), Code::Ok);
    end(held).await;
    assert_eq!(code(&call(&ada, "echo", json!({})).await), Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn calls_of_one_tool_have_a_limit() {
    let hostile = with_places(|settings| settings.limits.calls_per_tool = 1).await;
    let bob = hostile.pocket.for_profile("bob");
    let held = holding(&hostile.pocket).await;
    ended(
        &call(&bob, "sleep_forever", json!({})).await,
        Code::Busy,
        "too many calls",
    );
    assert_eq!(code(&call(&bob, "echo", json!({})).await), Code::Ok);
    end(held).await;
    let next = holding(&bob).await;
    end(next).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn so_many_calls_wait_and_the_next_is_busy_at_once() {
    let hostile = with_places(|settings| {
        settings.limits.calls = 1;
        settings.limits.waiting = 1;
        settings.limits.waiting_time = Duration::from_secs(300);
    })
    .await;
    let held = holding(&hostile.pocket).await;
    let mut calls = tokio::task::JoinSet::new();
    for _call in 0..2 {
        let pocket = hostile.pocket.clone();
        calls.spawn(async move { call(&pocket, "echo", json!({})).await });
    }
    let first = calls.join_next().await.expect("there are two").expect("it ends");
    ended(&first, Code::Busy, "too many calls");
    assert!(first.usage.waited_us < 100_000_000, "{:?}", first.usage);
    end(held).await;
    let other = calls.join_next().await.expect("there is another").expect("it ends");
    assert_eq!(code(&other), Code::Ok, "{other:?}");
    assert!(other.usage.waited_us > 0, "{:?}", other.usage);
    assert!(other.usage.wall_us < 100_000_000, "its time began when it ran");
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_call_waits_so_long_and_no_longer() {
    let hostile = with_places(|settings| {
        settings.limits.calls = 1;
        settings.limits.waiting = 5;
        settings.limits.waiting_time = Duration::from_millis(300);
    })
    .await;
    let held = holding(&hostile.pocket).await;
    let called = hostile.called("echo", json!({})).await;
    ended(&called, Code::Busy, "too many calls");
    let waited = Duration::from_micros(called.usage.waited_us);
    assert!(
        waited >= Duration::from_millis(300) && waited < Duration::from_secs(20),
        "{waited:?}"
    );
    assert_eq!(called.usage.wall_us, 0, "nothing ran");
    end(held).await;
    assert_eq!(code(&hostile.called("echo", json!({})).await), Code::Ok);
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn the_memory_of_all_calls_has_a_limit() {
    let hostile = Hostile::among(&["hold_memory", "grow_memory"], |settings| {
        settings.limits.timeout = Duration::from_secs(300);
        settings.limits.memory = 64 * MIB;
        settings.limits.memory_of_all_calls = 96 * MIB;
    })
    .await;
    assert_eq!(code(&hostile.called("echo", json!({})).await), Code::Ok);
    let first = running(&hostile.pocket, "hold_memory", json!({})).await;
    // What is left is less than a call may have: this one takes all of it, and is refused more.
    let second = running(&hostile.pocket, "hold_memory", json!({})).await;
    ended(&hostile.called("echo", json!({})).await, Code::Busy, "too many calls");
    end(second).await;
    // Now there is room to begin, and not enough to grow to what one call may have.
    let must = json!({ "step_mib": 40, "total_mib": 40, "must": true });
    let called = hostile.called("grow_memory", must.clone()).await;
    ended(&called, Code::OutOfMemory, "than the calls that run now leave it");
    assert!(called.usage.memory_bytes <= 32 * MIB, "{:?}", called.usage);
    end(first).await;
    assert_eq!(code(&hostile.called("grow_memory", must).await), Code::Ok);
    assert_eq!(code(&hostile.called("echo", json!({})).await), Code::Ok);
}
