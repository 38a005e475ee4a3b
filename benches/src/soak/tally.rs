//! What came of all calls, and what of it is wrong.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    call::Outcome,
    kind::Kind,
    process::{Sample, open_files},
};

/// The least memory of the last quarter may be so many KiB more than that of the quarter before it. It goes up and down by as
/// much with the calls that are under way; of 200,000 calls, each that kept 700 bytes would show.
const GROWTH: u64 = 32 << 10;
/// So many wrong ends are told in full.
const TOLD: usize = 10;

/// What came of all calls.
pub(crate) struct Tally {
    calls: u64,
    every: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: u64,
    counts: BTreeMap<(Kind, &'static str), u64>,
    wrong: Vec<String>,
    samples: Vec<Sample>,
}

impl Tally {
    pub(crate) fn new(calls: u64, samples: u64) -> Self {
        Self {
            calls,
            every: (calls / samples).max(1),
            state: Mutex::default(),
        }
    }

    /// Counts a call. Gives a sample where one is due.
    pub(crate) fn ended(&self, kind: Kind, outcome: Outcome) -> Option<Sample> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let word = match outcome {
            Outcome::Right => "as it should",
            Outcome::Dropped => "dropped",
            Outcome::Wrong(wrong) => {
                state.wrong.push(wrong);
                "otherwise"
            }
        };
        *state.counts.entry((kind, word)).or_default() += 1;
        state.ended += 1;
        if !state.ended.is_multiple_of(self.every) {
            return None;
        }
        let sample = Sample::now(state.ended);
        state.samples.push(sample);
        Some(sample)
    }

    /// How many calls of each kind ended in which way, and how fast.
    pub(crate) fn table(&self, took: Duration) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = String::new();
        for ((kind, word), count) in &state.counts {
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{:<20}{word:<14}{count:>10}", format!("{kind:?}"));
        }
        let a_second = state.ended as f64 / took.as_secs_f64();
        let _ = write!(
            table,
            "{} calls in {:.1} s: {a_second:.0} a second",
            state.ended,
            took.as_secs_f64()
        );
        table
    }

    /// What is not as it should be.
    pub(crate) fn wrong(&self, start: &Sample, end: &Sample) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wrong: Vec<String> = state.wrong.iter().take(TOLD).cloned().collect();
        if state.wrong.len() > TOLD {
            wrong.push(format!("{} more calls ended otherwise", state.wrong.len() - TOLD));
        }
        if state.ended != self.calls {
            wrong.push(format!("{} of {} calls ended", state.ended, self.calls));
        }
        if end.files > start.files {
            let open = open_files();
            wrong.push(format!(
                "{} files are open, and {} were: {open:?}",
                end.files, start.files
            ));
        }
        match growth(&state.samples) {
            Some((third, last)) if last > third + GROWTH => wrong.push(format!(
                "memory grows: at least {third} KiB in the third quarter, {last} in the last"
            )),
            Some(_) => {}
            None => wrong.push("there are too few calls to see whether memory grows".to_owned()),
        }
        wrong
    }
}

/// The least memory in the third and in the last quarter of the calls: at its least, few of the calls under way hold much.
fn growth(samples: &[Sample]) -> Option<(u64, u64)> {
    let quarter = samples.len() / 4;
    let least = |samples: &[Sample]| samples.iter().map(|sample| sample.memory).min();
    let (rest, last) = samples.split_at_checked(samples.len() - quarter)?;
    let (_, third) = rest.split_at_checked(rest.len().checked_sub(quarter)?)?;
    Some((least(third)?, least(last)?))
}
