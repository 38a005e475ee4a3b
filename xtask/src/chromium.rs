//! A browser for the tests: Chromium, which Debian has.

use std::{env, path::PathBuf};

use crate::{guests::debian, workspace::say};

/// What it is called, here and elsewhere.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Its program; `None` where it cannot be had, which is then said.
pub(crate) fn ready() -> Option<PathBuf> {
    if let Some(found) = find() {
        return Some(found);
    }
    say("installing Debian's chromium for the stories in a browser");
    let installed =
        debian::apt(&["update"]).and_then(|()| debian::apt(&["install", "-y", "--no-install-recommends", "chromium"]));
    let found = find();
    if found.is_none() {
        let reason = installed
            .err()
            .map_or_else(String::new, |error| format!(" ({error:#})"));
        say(format!(
            "left out: the pages in a browser, since this machine has no `chromium` and it could not be installed{reason}"
        ));
    }
    found
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let places = PROGRAMS
        .iter()
        .flat_map(|program| folders.iter().map(move |folder| folder.join(program)));
    places.into_iter().find(|place| place.is_file())
}
