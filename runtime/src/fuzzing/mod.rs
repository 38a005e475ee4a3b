//! Properties that hold for any input, as functions over bytes that panic where one does not hold.
//!
//! No part of what the library promises. It is there in two builds: that of the library's own tests, which replay the corpus
//! in `tests/fuzz/corpus`, and that of the crate in `tests/fuzz`, in which libFuzzer looks for inputs (feature `fuzzing`).

#[cfg(test)]
mod corpus;
mod decide;
mod encodings;
mod lockfile;
mod manifest;
mod redaction;
mod request_text;
mod source_url;
mod swap;

pub use decide::decide;
pub use lockfile::lockfile;
pub use manifest::manifest;
pub use redaction::redaction;
pub use source_url::source_url;
pub use swap::swap;
