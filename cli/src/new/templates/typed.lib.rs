use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    name: String,
}

#[derive(Serialize)]
struct Output {
    greeting: String,
}

fn run(input: Input) -> Result<Output, pocket_tool::Error> {
    Ok(Output { greeting: format!("Hello, {}!", input.name) })
}

pocket_tool::export!(run);
