//! From nothing in memory to the end of a first call: with compiled code in the home, and without.

use criterion::{BatchSize, Criterion};

use crate::{
    floor::Floor,
    world::{World, called, components, with_echo},
};

pub(crate) fn bench(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("first call");
    // Each pool reserves terabytes of addresses: one at a time.
    group.sample_size(20);
    let (runtime, input) = (&world.runtime, world.input.as_str());
    let home = world.home();
    // Whatever was measured before, its code is there now.
    runtime.block_on(world.call("echo", input));
    group.bench_function("echo, compiled before", |bencher| {
        bencher.to_async(runtime).iter_batched(
            || (),
            async |()| {
                let pocket = with_echo(&home).await;
                called(&pocket, "echo", input).await;
                pocket
            },
            BatchSize::PerIteration,
        );
    });
    let [echo, _typed] = components();
    let code = Floor::compiled(&echo);
    group.bench_function("echo, compiled before, bare wasmtime", |bencher| {
        bencher.to_async(runtime).iter_batched(
            || (),
            async |()| {
                let floor = Floor::load(&code);
                floor.call(input).await;
                floor
            },
            BatchSize::PerIteration,
        );
    });
    group.sample_size(10);
    group.bench_function("echo, compiled now", |bencher| {
        bencher.to_async(runtime).iter_batched(
            || tempfile::tempdir().expect("a folder can be made"),
            async |home| {
                let pocket = with_echo(home.path()).await;
                called(&pocket, "echo", input).await;
                (pocket, home)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("echo, compiled now, bare wasmtime", |bencher| {
        bencher.to_async(runtime).iter_batched(
            || (),
            async |()| {
                let floor = Floor::compile(&echo);
                floor.call(input).await;
                floor
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}
