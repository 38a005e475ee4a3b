//! From dropping a call whose guest computes without end to the moment when nothing of it is left.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use pocket_runtime::{CallOptions, Input, LogLine, Pocket, Report};
use serde_json::json;
use tokio::sync::Notify;

use crate::world::World;

pub(crate) fn bench(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("call");
    group.sample_size(50);
    group.bench_function("cancel a busy loop", |bencher| {
        bencher.to_async(&world.runtime).iter_custom(|times| async move {
            let mut sum = Duration::ZERO;
            for _time in 0..times {
                sum += cancelled(&world.pocket).await;
            }
            sum
        });
    });
    group.finish();
}

/// Tells when its guest wrote a line.
struct Telling(Arc<Notify>);

impl Report for Telling {
    fn log(&self, _line: &LogLine) {
        self.0.notify_one();
    }

    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<&str>) {}
}

/// Begins a call, ends it once its guest runs, and gives how long that took: a task has ended when all that it held is dropped.
async fn cancelled(pocket: &Pocket) -> Duration {
    let runs = Arc::new(Notify::new());
    let mut options = CallOptions::default();
    options.report = Some(Arc::new(Telling(Arc::clone(&runs))));
    let pocket = pocket.clone();
    let call = tokio::spawn(async move {
        let input = Input::Json(json!({ "say": true }));
        pocket.call("loop_forever", input, options).await
    });
    runs.notified().await;
    let dropped = Instant::now();
    call.abort();
    let ended = call.await;
    assert!(
        ended.is_err_and(|ended| ended.is_cancelled()),
        "it never ends by itself"
    );
    dropped.elapsed()
}
