//! Gives an output that is no JSON: the input's own text after a bracket.

use pocket_tool::bindings::exports::pocket::tool::tool::{Error, Guest};

struct Tool;

impl Guest for Tool {
    fn invoke(input: String) -> Result<String, Error> {
        Ok(format!("{{{input}"))
    }
}

pocket_tool::__export_typed_tool!(Tool with_types_in pocket_tool::bindings);
