//! Claims every time that the provider refused the credential.

use pocket_tool::Error;
use serde_json::Value;

fn run(_: Value) -> Result<Value, Error> {
    Err(Error::unauthorized("the provider refused the token"))
}

pocket_tool::export!(run);
