//! Many accounts: signing in, renewing, looking up, and what they take of memory.

use std::time::{Duration, Instant};

use pocket_tests::Crowd;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::World;

/// How many sign in at the same time.
const AT_ONCE: usize = 1_000;
/// How many accounts there are in the end.
const ACCOUNTS: usize = 10_000;
/// How many look-ups are timed.
const LOOK_UPS: usize = 1_000;

/// Measures each once: what is asked is how much there is room for, not how exact it is. Left out where names are picked and
/// `accounts` is not one of them.
#[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
pub(crate) fn measure(world: &World) {
    let picked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    if !picked.is_empty() && !picked.iter().any(|word| "accounts".contains(word.as_str())) {
        return;
    }
    world.runtime.block_on(async {
        // How fast it can be, and not how fast a provider is asked by default.
        let unbounded = "[renewals]\nat_once = 1000\nper_second = 65535\n";
        let crowd = std::sync::Arc::new(Crowd::with_settings(unbounded).await);
        let before = resident();
        println!("\naccounts, on SQLite");
        for from in (0..ACCOUNTS).step_by(AT_ONCE) {
            let took = all(&crowd, from..from + AT_ONCE, |crowd, name| async move {
                crowd.sign_in(&name).await
            })
            .await;
            if from == 0 {
                rate("sign-ins of 1,000 at once", AT_ONCE, took);
            }
        }
        crowd.later();
        let took = all(&crowd, 0..AT_ONCE, |crowd, name| async move { crowd.call(&name).await }).await;
        rate("renewals of 1,000 at once", AT_ONCE, took);
        println!(
            "{:<44}{:>12} KiB",
            "memory of 10,000 accounts",
            resident().saturating_sub(before)
        );

        crowd.call("user-1").await;
        spread("a call with a token held in memory", &crowd, |_number| 1, "token").await;
        spread(
            "a call with a token from the store",
            &crowd,
            |number| number % AT_ONCE,
            "token",
        )
        .await;
        spread("a call without a token", &crowd, |_number| 1, "nothing").await;
    });
}

/// Does the same for many users at once.
async fn all<F: Future<Output = ()> + Send + 'static>(
    crowd: &std::sync::Arc<Crowd>,
    users: std::ops::Range<usize>,
    work: impl Fn(std::sync::Arc<Crowd>, String) -> F,
) -> Duration {
    let began = Instant::now();
    let tasks = users.map(|number| work(std::sync::Arc::clone(crowd), format!("user-{number}")));
    tasks.collect::<JoinSet<()>>().join_all().await;
    began.elapsed()
}

#[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
fn rate(what: &str, how_many: usize, took: Duration) {
    let a_second = how_many as f64 / took.as_secs_f64();
    println!("{what:<44}{a_second:>12.0} a second");
}

/// Times calls one after another.
#[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
async fn spread(what: &str, crowd: &Crowd, user: impl Fn(usize) -> usize, tool: &str) {
    // What was held in memory for a moment is not taken for new.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut took = Vec::with_capacity(LOOK_UPS);
    for number in 0..LOOK_UPS {
        let of = crowd.pocket.for_profile(format!("user-{}", user(number)));
        let began = Instant::now();
        of.invoke(tool, json!({})).await.expect("the call ends well");
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e6;
    println!("{what:<44}{:>12.1} µs, p99 {:.1} µs", at(50), at(99));
}

/// What this process takes of memory, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or_default()
}
