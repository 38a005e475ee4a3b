//! Opens a page in the user's browser, which gets none of our variables.

use std::process::{Command, ExitCode};

use crate::{child, harden};

/// The word by which this program is told to open a page and to do nothing else.
const OPEN_PAGE: &str = "--open-page";

/// Whether a browser was started. A process of its own starts it: a browser keeps the variables that it is started with for as
/// long as it runs, and the store's key or a client's secret may be among ours.
pub(crate) fn open(url: &str) -> bool {
    if let Some(opened) = harden::open_page(url) {
        return opened;
    }
    let Ok(ourselves) = std::env::current_exe() else {
        return false;
    };
    let status = command(child::program(ourselves), url).status();
    status.is_ok_and(|status| status.success())
}

/// Has this program, once it is started so, open a page.
pub(crate) fn command(mut program: Command, url: &str) -> Command {
    program.args([OPEN_PAGE, url]);
    program
}

/// The part of that process; `None` where this is another.
pub(crate) fn opening() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != OPEN_PAGE {
        return None;
    }
    let url = words.next()?.into_string().ok()?;
    Some(match webbrowser::open(&url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_none) => ExitCode::FAILURE,
    })
}
