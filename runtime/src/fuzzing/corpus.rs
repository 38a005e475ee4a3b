//! Replays what `tests/fuzz/corpus` holds: seeds that a person wrote, and inputs that libFuzzer found worth keeping. And tries
//! what a few random edits make of them.

use std::{
    any::Any,
    path::{Path, PathBuf},
};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};

use crate::fuzzing;

/// A part of one input put in the place of a part of another.
#[derive(Debug, Clone)]
struct Edit {
    from: Index,
    start: Index,
    length: usize,
    at: Index,
    instead_of: usize,
}

fn replay(target: &str, property: fn(&[u8])) {
    let inputs = inputs(target);
    assert!(!inputs.is_empty(), "the corpus of `{target}` is empty");
    for (path, input) in &inputs {
        if let Err(panicked) = std::panic::catch_unwind(|| property(input)) {
            panic!("{}: {}", path.display(), words(&*panicked));
        }
    }
    let inputs: Vec<Vec<u8>> = inputs.into_iter().map(|(_, input)| input).collect();
    let edited = (any::<Index>(), prop::collection::vec(edits(), 1..6));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let held = runner.run(&edited, |(which, edits)| {
        let input = edits
            .iter()
            .fold(which.get(&inputs).clone(), |input, edit| edit.of(input, &inputs));
        std::panic::catch_unwind(|| property(&input)).map_err(|panicked| {
            let input = String::from_utf8_lossy(&input).into_owned();
            TestCaseError::fail(format!("{}\n{input:?}", words(&*panicked)))
        })
    });
    held.unwrap_or_else(|error| panic!("{target}: {error}"));
}

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("the folder can be read").path();
            let input = std::fs::read(&path).expect("the file can be read");
            (path, input)
        })
        .collect();
    inputs.sort();
    inputs
}

fn edits() -> impl Strategy<Value = Edit> {
    let lengths = prop_oneof![0..4_usize, 0..40_usize];
    let places = (any::<Index>(), any::<Index>(), any::<Index>());
    (places, lengths.clone(), lengths).prop_map(|((from, start, at), length, instead_of)| Edit {
        from,
        start,
        length,
        at,
        instead_of,
    })
}

impl Edit {
    fn of(&self, mut input: Vec<u8>, inputs: &[Vec<u8>]) -> Vec<u8> {
        let from = self.from.get(inputs);
        let start = self.start.index(from.len() + 1);
        let part = from[start..from.len().min(start + self.length)].to_vec();
        let at = self.at.index(input.len() + 1);
        let end = input.len().min(at + self.instead_of);
        input.splice(at..end, part);
        input
    }
}

fn words(panicked: &(dyn Any + Send)) -> &str {
    let owned = panicked.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panicked.downcast_ref::<&str>().copied())
        .unwrap_or("it panics")
}

#[test]
fn manifests_are_read_as_they_are_written() {
    replay("manifest", fuzzing::manifest);
}

#[test]
fn source_urls_are_read_as_they_are_written() {
    replay("source_url", fuzzing::source_url);
}

#[test]
fn requests_are_decided_by_the_rules_of_rules() {
    replay("decide", fuzzing::decide);
}

#[test]
fn lockfiles_keep_what_they_say() {
    replay("lockfile", fuzzing::lockfile);
}

#[test]
fn a_token_goes_only_to_its_place() {
    replay("swap", fuzzing::swap);
}

#[test]
fn nothing_of_a_secret_is_left() {
    replay("redaction", fuzzing::redaction);
}
