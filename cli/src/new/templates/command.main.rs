use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    name: String,
}

#[derive(Serialize)]
struct Output {
    greeting: String,
}

// The input is JSON on stdin, already checked against the schema in pocket.json. What is written to stdout is the output, what
// is written to stderr the log. An error ends the tool with an exit code other than 0: the call then failed.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input: Input = serde_json::from_reader(std::io::stdin())?;
    let output = Output { greeting: format!("Hello, {}!", input.name) };
    serde_json::to_writer(std::io::stdout(), &output)?;
    Ok(())
}
