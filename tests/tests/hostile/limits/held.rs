//! What the host holds for a guest.

use pocket_runtime::{Code, Limits};
use serde_json::{Value, json};

use super::{code, ended};
use crate::{Hostile, MIB};

/// What an operator sets.
type Change = fn(&mut Limits);

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn what_the_host_holds_for_a_guest_has_limits() {
    let standard: Change = |_limits| {};
    let few_resources: Change = |limits| limits.resources = 100;
    let few_handles: Change = |limits| limits.handles = 100;
    let small_calls: Change = |limits| {
        limits.hostcall = 1 << 20;
        limits.output = 1 << 20;
    };
    let rows: [(&str, Change, Value, &str); 8] = [
        ("open_resources", standard, json!({ "count": 10_000 }), "open resources"),
        (
            "open_resources",
            few_resources,
            json!({ "count": 200 }),
            "open resources",
        ),
        ("open_resources", few_handles, json!({ "count": 200 }), "handles"),
        (
            "header_flood",
            standard,
            json!({ "fields": 1024, "bytes": MIB }),
            "bytes of HTTP fields",
        ),
        (
            "header_flood",
            standard,
            json!({ "fields": 1024, "bytes": 1024 }),
            "bytes of HTTP fields",
        ),
        (
            "header_flood",
            small_calls,
            json!({ "fields": 1, "bytes": 2 * MIB }),
            "one call of a host function",
        ),
        (
            "header_flood",
            standard,
            json!({ "fields": 1, "bytes": 5 * MIB }),
            "one call of a host function",
        ),
        (
            "random_flood",
            standard,
            json!({ "bytes": 1_000_000_000 }),
            "random bytes",
        ),
    ];
    for (guest, change, input, words) in rows {
        let hostile = Hostile::with(guest, |entry| entry, |settings| change(&mut settings.limits)).await;
        ended(&hostile.call(guest, input).await, Code::LimitExceeded, words);
    }
    for (guest, input) in [
        ("open_resources", json!({ "count": 1000 })),
        ("header_flood", json!({ "fields": 16, "bytes": 1024 })),
        ("random_flood", json!({ "bytes": 64 << 10 })),
    ] {
        let called = Hostile::new(guest).await.call(guest, input).await;
        assert_eq!(code(&called), Code::Ok, "{called:?}");
    }
}
