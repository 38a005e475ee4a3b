//! What is typed after the command.

/// How many calls are made, and which.
pub(crate) struct Arguments {
    pub(crate) calls: u64,
    pub(crate) seed: u64,
}

impl Arguments {
    /// `--calls N` and `--seed N`; cargo itself adds `--bench`.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self {
            calls: 200_000,
            seed: 1,
        };
        while let Some(word) = words.next() {
            let field = match word.as_str() {
                "--calls" => &mut arguments.calls,
                "--seed" => &mut arguments.seed,
                "--bench" => continue,
                other => {
                    return Err(format!(
                        "no such option: `{other}`; there are `--calls N` and `--seed N`"
                    ));
                }
            };
            let number = words.next().and_then(|number| number.parse().ok());
            *field = number.ok_or_else(|| format!("`{word}` takes a whole number"))?;
        }
        Ok(arguments)
    }
}
