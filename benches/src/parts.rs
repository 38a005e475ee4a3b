//! What a call is made of besides its guest.

use std::{collections::BTreeMap, fs, hint::black_box, time::Duration};

use criterion::Criterion;
use pocket_runtime::{CredentialsMode, Decision, Policy, Request, Schema};
use pocket_tests::sample;
use serde_json::{Value, json};

use crate::world::World;

pub(crate) fn bench(criterion: &mut Criterion, world: &World) {
    schema(criterion);
    decide(criterion);
    let mut group = criterion.benchmark_group("4 MiB output of a function");
    group.sample_size(30);
    for (name, tool) in [
        ("no secret to look for", "large"),
        ("a token looked for", "large_signed_in"),
    ] {
        group.bench_function(name, |bencher| {
            bencher
                .to_async(&world.runtime)
                .iter_with_large_drop(|| world.call(tool, "{}"));
        });
    }
    group.finish();
}

fn schema(criterion: &mut Criterion) {
    let manifest = fs::read_to_string(sample("slack-get-messages").join("pocket.json")).expect("it has a manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("a manifest is JSON");
    let schema = Schema::compile(&manifest["tool"]["inputSchema"]).expect("it is a schema");
    let input = json!({ "channel": "C123", "limit": 10 });
    criterion.bench_function("part/schema check", |bencher| {
        bencher.iter(|| schema.check(black_box(&input)).is_ok());
    });
}

fn decide(criterion: &mut Criterion) {
    let rules = |method: &str| {
        let rules = (0..20).map(|i| format!("{method} https://api{i}.example.com/v1/*").parse());
        rules.collect::<Result<Vec<_>, _>>().expect("they are rules")
    };
    let policy = Policy {
        deny: rules("DELETE"),
        allow: rules("GET"),
        files: Vec::new(),
        variables: BTreeMap::new(),
        credentials: CredentialsMode::Env,
        timeout: Duration::from_secs(30),
        memory: 256 << 20,
    };
    let uri: http::Uri = "https://api19.example.com/v1/items?page=2".parse().expect("a URI");
    criterion.bench_function("part/decide by 40 rules", |bencher| {
        bencher.iter(|| {
            let request = Request::parse(&http::Method::GET, black_box(&uri)).expect("it is a request");
            let decision = policy.decide(&request, None);
            assert!(matches!(decision, Decision::Allowed { .. }));
        });
    });
}
