//! `pocket trust`: allow what a project's files ask.

use pocket_runtime::Code;
use serde_json::json;

use crate::{
    args,
    ask::{Answer, ask},
    failure::Failure,
    session::Place,
    terminal::Terminal,
};

pub(crate) fn trust(args: args::Trust, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Trust { folder, yes } = args;
    let other = folder
        .map(|folder| Place::locate(Some(folder), place.typed_profile.clone()))
        .transpose()?;
    let place = other.as_ref().unwrap_or(place);
    let (_, asks) = place.read()?;
    if asks.is_empty() {
        terminal.say("The files of this project ask for nothing: there is nothing to allow.");
        return tell(terminal, place, "nothing_asked");
    }
    let before = place.trust().project(&place.project)?;
    if before == Some(asks.digest) {
        terminal.say("This project is already trusted, with just this content.");
        return tell(terminal, place, "trusted");
    }
    if before.is_some() {
        terminal.say("What this project's files ask has changed since it was trusted.");
    }
    place.show_asks(&asks, terminal)?;
    if !yes {
        if !terminal.can_ask() {
            return Err(
                Failure::said(Code::Denied, "there is no terminal on which to ask a person")
                    .hint("`pocket trust --yes` agrees to what is shown above"),
            );
        }
        if ask(terminal, "Allow it, for this content of the files?") == Answer::No {
            return Err(Failure::said(Code::Denied, "not allowed"));
        }
    }
    place.trust().trust_project(&place.project, asks.digest, &asks.lines)?;
    terminal.done("trusted");
    tell(terminal, place, "trusted")
}

fn tell(terminal: &Terminal, place: &Place, state: &str) -> Result<(), Failure> {
    if terminal.is_json() {
        terminal.value(&json!({ "project": place.project, "state": state }));
    }
    Ok(())
}
