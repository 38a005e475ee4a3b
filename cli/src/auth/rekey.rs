//! `pocket auth rekey`: a new key for the token store.

use pocket_runtime::{AccountStore, KeyPlace};
use serde_json::json;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn rekey(args: args::Rekey, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let args::Rekey { new_key_file } = args;
    let session = place.open(terminal)?;
    let store = AccountStore::open(&session.settings.store, &session.settings.net, &place.home).await?;
    let kept = store.rekey(new_key_file.as_deref()).await?;
    terminal.done(format_args!("the token store has a new key, in {kept}"));
    if let KeyPlace::File(path) = &kept {
        terminal.say(format_args!(
            "From now on it opens with that key alone: let `[store] key_file` name `{}`, or `POCKET_STORE_KEY` hold what is in it.",
            path.display()
        ));
    }
    if terminal.is_json() {
        terminal.value(&json!({ "key": kept.to_string() }));
    }
    Ok(())
}
