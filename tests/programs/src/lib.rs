//! What the programs share: their parameters come as JSON on stdin.

use std::{env, io};

use serde::de::DeserializeOwned;

/// The program's parameters. An error is a failure of the test that calls it, so it panics.
pub fn input<T: DeserializeOwned>() -> T {
    serde_json::from_reader(io::stdin().lock()).expect("the parameters fit the program")
}

/// The credential that the host gave under this name.
pub fn token(name: &str) -> String {
    env::var(name).expect("the host gives the credential")
}

/// Prints the output.
pub fn output(value: serde_json::Value) {
    println!("{value}");
}
