//! `pocket auth renew`: keep accounts that nobody uses.

use pocket_runtime::{Code, shown_on_one_line};
use serde_json::json;

use crate::{failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn renew(place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let session = place.open(terminal)?;
    let pocket = session.builder().only([]).build().await?;
    let kept = pocket.keep_alive_once().await?;
    if kept.is_empty() {
        terminal.done("no account would end soon because nobody uses it");
    }
    for account in &kept {
        let profile = shown_on_one_line(&account.profile);
        match &account.error {
            None => terminal.done(format_args!("renewed {} of the profile {profile}", account.provider)),
            Some(error) => terminal.say(format_args!(
                "{} of the profile {profile} was not renewed: {}",
                account.provider,
                shown_on_one_line(error)
            )),
        }
    }
    if terminal.is_json() {
        terminal.value(&json!({ "accounts": kept }));
    }
    match kept.iter().any(|account| account.error.is_some()) {
        // It was printed which.
        true => Err(Failure::Printed(Code::Unreachable)),
        false => Ok(()),
    }
}
