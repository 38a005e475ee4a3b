//! `pocket run`, as a process from its start to its end.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use criterion::Criterion;
use pocket_tests::sample;

use crate::world::World;

pub(crate) fn bench(criterion: &mut Criterion, world: &World) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = Command::new(binary());
    command
        .arg("run")
        .args([sample("echo").as_os_str(), world.input.as_ref()])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("POCKET_HOME", folder.path().join("home"))
        .stdin(Stdio::null());
    let mut group = criterion.benchmark_group("process");
    group.sample_size(50);
    group.bench_function("pocket run echo", |bencher| {
        bencher.iter(|| {
            let ended = command.output().expect("it can be run");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        });
    });
    command = Command::new(binary());
    command.arg("--version");
    group.bench_function("pocket --version", |bencher| {
        bencher.iter(|| command.output().expect("it can be run"));
    });
    group.finish();
}

/// The binary beside this benchmark, built by the same profile.
fn binary() -> PathBuf {
    let this = std::env::current_exe().expect("a benchmark knows where it is");
    let built = this.ancestors().nth(2).map(|folder| folder.join("pocket"));
    built
        .filter(|path| path.is_file())
        .expect("the binary `pocket` is built: run `cargo xtask bench`")
}
