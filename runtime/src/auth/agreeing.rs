//! Whether an account may become another's, where no page of ours can ask.

use std::sync::Arc;

use crate::{
    auth::{
        AuthError, SignIn,
        complete::{Completed, Completion, Word},
        core::Core,
        flows::Standing,
        pending::{Agree, FlowId, Outcome, Pending, Step},
    },
    base::text::shown_on_one_line,
};

/// Takes a user's word from the program that asked him.
pub(super) struct Agreeing {
    core: Arc<Core>,
    completion: Arc<Completion>,
}

impl Agreeing {
    pub(super) fn new(core: Arc<Core>, completion: Arc<Completion>) -> Self {
        Self { core, completion }
    }

    /// No cookie is needed: the terminal that holds the sign-in is the proof that it is the same user. One that a browser has
    /// part in is answered there alone.
    pub(super) async fn answer(&self, sign_in: &SignIn, word: Word) -> Result<(), AuthError> {
        let id = self.asking(sign_in).await?;
        let taken = self.core.flows.take(id).await?.ok_or(AuthError::NoSuchSignIn)?;
        let Step::Agree(agree) = &taken.step else {
            return Err(AuthError::NoSuchSignIn);
        };
        match (word, self.completion.by_word(&taken, agree, word).await) {
            (Word::Replace, Completed::Ended(outcome)) => outcome.told(&sign_in.provider),
            (Word::Keep, Completed::Ended(_)) => Ok(()),
            (_, Completed::Asks(_)) => Err(AuthError::NoSuchSignIn),
        }
    }

    /// The one in which it is asked.
    async fn asking(&self, sign_in: &SignIn) -> Result<FlowId, AuthError> {
        let mut id = sign_in.id();
        loop {
            match self.core.flows.standing(id).await? {
                Standing::Ended(Outcome::Continued { by }) => id = by,
                Standing::Pending(pending, _sealed) if pending.is_over(self.core.now()) => {
                    return Err(AuthError::SignInExpired {
                        provider: sign_in.provider.clone(),
                    });
                }
                Standing::Pending(pending, _sealed) if asked(&pending).is_some() => return Ok(id),
                Standing::Pending(..) | Standing::Taken | Standing::Ended(_) | Standing::Unknown => {
                    return Err(AuthError::NoSuchSignIn);
                }
            }
        }
    }
}

/// What is asked in a sign-in that no browser has part in.
pub(super) fn asked(pending: &Pending) -> Option<&Agree> {
    match &pending.step {
        Step::Agree(agree) if !pending.has_browser() => Some(agree),
        Step::Agree(_) | Step::Authorize(_) | Step::Type(_) | Step::Device(_) => None,
    }
}

/// How who began the sign-in hears of the question.
pub(super) fn is_anothers(provider: &str, agree: &Agree) -> AuthError {
    AuthError::OtherIdentity {
        provider: provider.to_owned(),
        old: shown_on_one_line(&agree.old),
        new: shown_on_one_line(agree.new.as_deref().unwrap_or("somebody unnamed")),
    }
}
