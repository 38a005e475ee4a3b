//! Forms made of JSON Schema, and JSON made of what they send. No request and no tool is known here.

mod field;
mod fill;
mod path;
mod read;
#[cfg(test)]
mod round_trip;
mod rows;
mod schema;
mod view;

pub(super) use field::Field;
pub(super) use fill::blank;
pub(super) use path::Path;
pub(super) use read::{Errors, read};
pub(super) use rows::{add, fit, remove};
pub(super) use view::View;

/// How many rows of a list a form has.
const MOST_ROWS: usize = 200;
/// How many rows all its lists have together.
const MOST_ROWS_IN_ALL: usize = 2_000;
