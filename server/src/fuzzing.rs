//! What holds for any bytes that come in as a message; no part of what the library promises.
//!
//! It is there in two builds: that of the library's own tests, which replay `tests/fuzz/corpus/message`, and that of the crate in
//! `tests/fuzz` (feature `fuzzing`).

use rmcp::model::ClientJsonRpcMessage;
use serde_json::Value;

use crate::mcp::message;

/// What is let through as a message is one object of JSON-RPC, of which the SDK at most says that it asks for nothing it knows; what is
/// not is told with an id of its own or none.
///
/// # Panics
/// Where that does not hold.
pub fn message(bytes: &[u8]) {
    let read = serde_json::from_slice::<Value>(bytes);
    match message::check(bytes) {
        Ok(()) => {
            let value = read.expect("a message is JSON");
            assert_eq!(value["jsonrpc"], "2.0");
            if let Err(error) = serde_json::from_slice::<ClientJsonRpcMessage>(bytes) {
                assert!(error.is_data(), "{error}");
            }
        }
        Err(none) => {
            let id = none.id();
            assert!(id.is_null() || read.is_ok_and(|value| value["id"] == *id), "{id}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn what_was_found_worth_keeping_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/message");
        let inputs = fs::read_dir(folder).expect("the corpus can be read");
        let mut replayed = 0;
        for input in inputs {
            super::message(&fs::read(input.expect("the corpus can be read").path()).expect("an input can be read"));
            replayed += 1;
        }
        assert!(replayed >= 10, "{replayed}");
    }
}
