//! The regular expressions of a schema: that each runs in linear time, and at what cost.

use std::collections::HashMap;

use jsonschema::{Draft, PatternOptions, Regex};
use serde_json::json;

use crate::package::{fault::shortened, schema::SchemaError};

/// The largest compiled pattern, in bytes.
pub(super) const LARGEST: usize = 2 << 20;

/// The most that all patterns of a schema may take compiled, in bytes. Each counts at least [`SMALLEST`].
const LARGEST_TOGETHER: usize = 16 << 20;

/// What a pattern counts at least: it has caches of its own.
const SMALLEST: usize = 16 << 10;

/// What a pattern may take for its cache of states, per thread that uses it.
const CACHE: usize = 256 << 10;

/// The sizes by which patterns are told apart, each with what eight bytes of text cost in steps. In linear time a text
/// costs its length times the pattern's size, and a hostile pattern gets there.
const CLASSES: [(usize, u64); 4] = [(4 << 10, 1), (32 << 10, 8), (256 << 10, 64), (LARGEST, 512)];

/// The regular expressions seen so far.
#[derive(Default)]
pub(super) struct Patterns {
    costs: HashMap<String, u64>,
    together: usize,
}

/// Linear-time matching, for patterns up to a size.
pub(super) fn options(size: usize) -> PatternOptions<Regex> {
    PatternOptions::regex().size_limit(size).dfa_size_limit(CACHE)
}

impl Patterns {
    /// What each eight bytes of text cost that are matched with it.
    pub(super) fn cost(&mut self, pattern: &str, at: &str) -> Result<u64, SchemaError> {
        if let Some(cost) = self.costs.get(pattern) {
            return Ok(*cost);
        }
        let (size, cost) = CLASSES
            .into_iter()
            .find(|(size, _)| compiles(pattern, *size))
            .ok_or_else(|| {
                SchemaError::new(
                    at,
                    format!(
                        "this is not a regular expression that can be matched in linear time: `{}`",
                        shortened(pattern)
                    ),
                    Some("look-around and back-references are not taken, nor what is over 2 MiB compiled: repeat less"),
                )
            })?;
        self.together += size.max(SMALLEST);
        if self.together > LARGEST_TOGETHER {
            return Err(SchemaError::new(
                at,
                format!("the patterns of a schema take at most {LARGEST_TOGETHER} bytes compiled"),
                Some("use fewer or smaller patterns"),
            ));
        }
        self.costs.insert(pattern.to_owned(), cost);
        Ok(cost)
    }
}

fn compiles(pattern: &str, size: usize) -> bool {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(options(size))
        .build(&json!({ "pattern": pattern }))
        .is_ok()
}
