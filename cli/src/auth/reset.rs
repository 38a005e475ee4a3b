//! `pocket auth reset`: put the token store aside where its key is lost.

use pocket_runtime::{Code, Error, SqliteStore};
use serde_json::json;

use crate::{
    args,
    ask::{Answer, ask},
    failure::Failure,
    session::Place,
    terminal::Terminal,
};

/// It reads nothing of the project: a store that does not open has nothing to do with it.
pub(crate) fn reset(args: args::Reset, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let store = place.home.data().join("accounts.sqlite");
    if !args.yes {
        terminal.say("The token store is put aside, with every account in it: all users sign in again.");
        if !terminal.can_ask() {
            return Err(
                Failure::said(Code::Denied, "there is no terminal on which to ask a person")
                    .hint("`pocket auth reset --yes` does it"),
            );
        }
        if ask(terminal, "Put it aside?") == Answer::No {
            return Err(Failure::said(Code::Denied, "left as it is"));
        }
    }
    let aside = SqliteStore::reset(&store).map_err(Error::from)?;
    match &aside {
        Some(path) => terminal.done(format_args!("the store is now `{}`", path.display())),
        None => terminal.say("there is no token store"),
    }
    if terminal.is_json() {
        terminal.value(&json!({ "aside": aside }));
    }
    Ok(())
}
