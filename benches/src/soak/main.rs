//! Very many calls of every kind through one [`Pocket`](pocket_runtime::Pocket), each checked, while memory and open files are
//! watched.
//!
//! ```text
//! cargo xtask soak calls                        200,000 calls
//! cargo xtask soak calls --calls 20000 --seed 7
//! ```

mod arguments;
mod call;
mod chance;
mod kind;
mod process;
mod tally;
mod world;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{arguments::Arguments, call::made, kind::Kind, process::Sample, tally::Tally, world::World};

/// So many calls at a time.
const AT_ONCE: u64 = 64;
/// So often memory and open files are counted.
const SAMPLES: u64 = 100;
/// How long what the last calls held may take to be closed.
const SETTLING: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(wrong) => return told(&[wrong]),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    told(&runtime.block_on(soak(&arguments)))
}

/// Gives what is wrong at the end.
async fn soak(arguments: &Arguments) -> Vec<String> {
    let world = Arc::new(World::new().await);
    // Every guest is compiled, and whatever is opened once is open.
    world.load_dropped().await;
    for kind in Kind::ALL {
        for number in 0..8 {
            made(&world, kind, arguments.seed, number).await.check();
        }
    }
    let start = Sample::now(0);
    say(&format!("seed {}\n{}\n{start}", arguments.seed, Sample::HEAD));
    let tally = Arc::new(Tally::new(arguments.calls, SAMPLES));
    let began = Instant::now();
    run(&world, &tally, arguments).await;
    let took = began.elapsed();
    let end = settled(&start, arguments.calls).await;
    say(&format!("{end}    at the end"));
    say(&tally.table(took));
    tally.wrong(&start, &end)
}

async fn run(world: &Arc<World>, tally: &Arc<Tally>, arguments: &Arguments) {
    let next = Arc::new(AtomicU64::new(0));
    let (calls, seed) = (arguments.calls, arguments.seed);
    let workers = (0..AT_ONCE).map(|_| {
        let (world, tally, next) = (Arc::clone(world), Arc::clone(tally), Arc::clone(&next));
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= calls {
                    break;
                }
                let kind = Kind::of(seed, number);
                let outcome = made(&world, kind, seed, number).await;
                if let Some(sample) = tally.ended(kind, outcome) {
                    say(&sample.to_string());
                }
            }
        }
    });
    workers.collect::<JoinSet<()>>().join_all().await;
}

/// What is open once nothing is left of the last calls, or the time for that is over.
async fn settled(start: &Sample, calls: u64) -> Sample {
    let deadline = Instant::now() + SETTLING;
    let mut often = tokio::time::interval(Duration::from_millis(50));
    loop {
        often.tick().await;
        let sample = Sample::now(calls);
        if sample.files <= start.files || Instant::now() >= deadline {
            return sample;
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is what a benchmark is for")]
fn say(text: &str) {
    println!("{text}");
}

fn told(wrong: &[String]) -> ExitCode {
    if wrong.is_empty() {
        say("all is well");
        return ExitCode::SUCCESS;
    }
    for line in wrong {
        say(&format!("wrong: {line}"));
    }
    ExitCode::FAILURE
}
