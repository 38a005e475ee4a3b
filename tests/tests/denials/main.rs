//! What a tool is denied, by one table, through every door: what holds in the library holds at the terminal.
//!
//! Another door is one more file with a [`Door`] and a test that calls [`table::hold`].

mod library;
mod table;
mod terminal;

use serde_json::Value;

use table::Denial;

/// A way to call tools.
trait Door {
    /// Calls the guest of this row, with what it grants, and gives the one shape that all doors show.
    async fn call(&self, denial: &Denial, input: Value) -> Value;
}
