//! The list of faults that a sign-in, a renewal or a store may meet, and the tests that carry their numbers.

use std::{collections::BTreeSet, path::Path};

use pocket_tests::repository;

/// Every number of the list: 1 to 19 renewals, 20 to 32 callbacks, 40 to 49 refusals, 50 to 55 device codes, 60 to 69 secrets, 70
/// load.
const FAULTS: [u32; 59] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    32, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70,
];

/// Those whose number no name needs to carry, and why.
const UNNUMBERED: [(&[u32], &str); 1] = [(
    &[67],
    "a search of the heap after a sign-out would find what TLS and HTTP libraries leave there; that our own secrets are wiped is a test of `base::secret`",
)];

/// The numbers that the names of a file's tests carry: `f_03_f_04_a_process_...`.
fn numbers(text: &str) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    for line in text.lines() {
        let line = line.trim_start();
        let Some(mut name) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) else {
            continue;
        };
        while let Some((number, rest)) = name.strip_prefix("f_").and_then(|rest| rest.split_once('_')) {
            let Ok(number) = number.parse() else { break };
            numbers.insert(number);
            name = rest;
        }
    }
    numbers
}

fn numbers_in(folder: &Path) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            all.extend(numbers_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.extend(numbers(&std::fs::read_to_string(&path).expect("the file can be read")));
        }
    }
    all
}

#[test]
fn every_fault_has_a_test_or_a_reason() {
    let mut met = numbers_in(&repository().join("runtime/src"));
    met.extend(numbers_in(&repository().join("tests/tests")));
    let listed = BTreeSet::from(FAULTS);
    let foreign: Vec<_> = met.difference(&listed).collect();
    assert!(foreign.is_empty(), "no such faults: {foreign:?}");
    let unnumbered: Vec<u32> = UNNUMBERED
        .iter()
        .flat_map(|(numbers, _why)| numbers.iter().copied())
        .collect();
    let missing: Vec<_> = FAULTS
        .iter()
        .filter(|fault| !met.contains(fault) && !unnumbered.contains(fault))
        .collect();
    assert!(missing.is_empty(), "no test carries these numbers: {missing:?}");
}

#[test]
fn the_numbers_of_a_name_are_read() {
    let text = "    async fn f_03_f_04_a_process() {\nfn f_70_many()\nfn f_of_x()\n// fn f_01_no()";
    assert_eq!(numbers(text), BTreeSet::from([3, 4, 70]));
}
