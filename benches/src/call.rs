//! A warm call, beside the same component called by bare wasmtime.

use std::hint::black_box;

use criterion::Criterion;

use crate::{
    floor::Floor,
    world::{World, components},
};

pub(crate) fn bench(criterion: &mut Criterion, world: &World) {
    let mut group = criterion.benchmark_group("call");
    let runtime = &world.runtime;
    for (name, tool) in [("echo", "echo"), ("echo, signed in", "signed_in_echo")] {
        group.bench_function(name, |bencher| {
            bencher
                .to_async(runtime)
                .iter(|| async { black_box(world.call(tool, &world.input).await) });
        });
    }
    group.bench_function("typed", |bencher| {
        bencher
            .to_async(runtime)
            .iter(|| async { black_box(world.call("typed", &world.typed_input).await) });
    });
    let [echo, typed] = components();
    for (name, component, input) in [
        ("echo, bare wasmtime", echo, &world.input),
        ("typed, bare wasmtime", typed, &world.typed_input),
    ] {
        let floor = Floor::compile(&component);
        group.bench_function(name, |bencher| {
            bencher
                .to_async(runtime)
                .iter(|| async { black_box(floor.call(input).await) });
        });
    }
    group.finish();
}
