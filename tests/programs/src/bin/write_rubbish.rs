//! Writes to stdout and stderr what is no UTF-8, with escapes for a terminal among it.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let rubbish = b"\xff\xfe\x00rubbish\x1b]0;title\x07\x1b[2J\xc3\x28\xed\xa0\x80\r\n\x9b31m\xe2\x80\xae";
    io::stdout().write_all(rubbish)?;
    io::stderr().write_all(rubbish)
}
