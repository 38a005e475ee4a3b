//! Calls from many tasks at once.

use std::sync::Arc;

use criterion::{Criterion, Throughput};
use tokio::task::JoinSet;

use crate::{
    floor::Floor,
    world::{World, called, components},
};

const TASKS: u64 = 16;
/// Of each task, in one sample.
const CALLS: u64 = 16;

pub(crate) fn bench(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("16 tasks");
    group.throughput(Throughput::Elements(TASKS * CALLS));
    let input: Arc<str> = world.input.as_str().into();
    group.bench_function("echo", |bencher| {
        bencher.to_async(&world.runtime).iter(|| {
            let tasks = (0..TASKS).map(|_| {
                let (pocket, input) = (world.pocket.clone(), Arc::clone(&input));
                async move {
                    for _ in 0..CALLS {
                        called(&pocket, "echo", &input).await;
                    }
                }
            });
            tasks.collect::<JoinSet<()>>().join_all()
        });
    });
    let [echo, _typed] = components();
    let floor = Arc::new(Floor::compile(&echo));
    group.bench_function("echo, bare wasmtime", |bencher| {
        bencher.to_async(&world.runtime).iter(|| {
            let tasks = (0..TASKS).map(|_| {
                let (floor, input) = (Arc::clone(&floor), Arc::clone(&input));
                async move {
                    for _ in 0..CALLS {
                        floor.call(&input).await;
                    }
                }
            });
            tasks.collect::<JoinSet<()>>().join_all()
        });
    });
    group.finish();
}
