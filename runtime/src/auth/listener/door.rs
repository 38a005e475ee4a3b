//! Answers the browser: shows a sign-in, sends it to the provider, takes what comes back.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use url::Url;

use crate::auth::{
    AuthError, Sessions,
    board::Board,
    complete::{Completed, Completion, Word},
    core::Core,
    flow::callback,
    flows::{Sealed, Standing},
    listener::{
        answer::{broken, ended_page, outcome_page, see_other},
        cookie,
        form::Form,
        guard::Arrived,
        last_page::LastPage,
        typing,
    },
    pages,
    pending::{Agree, Authorize, FlowId, Outcome, Pending, State, Step},
};

/// How often a sign-in that changes under a request is read anew.
const TRIES: usize = 4;

/// Answers the browser.
#[derive(Clone)]
pub(in crate::auth) struct Door {
    pub(super) core: Arc<Core>,
    board: Arc<Board>,
    pub(super) completion: Arc<Completion>,
    /// Who is signed in to the site that the pages are a part of, where that is asked.
    sessions: Option<Arc<dyn Sessions>>,
}

impl Door {
    pub(in crate::auth) fn new(core: Arc<Core>, board: Arc<Board>, completion: Arc<Completion>) -> Self {
        Self {
            core,
            board,
            completion,
            sessions: None,
        }
    }

    /// The same for sessions of the sign-ins' profiles alone.
    pub(super) fn with_sessions(&self, sessions: Arc<dyn Sessions>) -> Self {
        Self {
            sessions: Some(sessions),
            ..self.clone()
        }
    }

    /// The page of a sign-in.
    pub(super) async fn page(&self, id: &str, arrived: Arrived, headers: &HeaderMap) -> Response {
        let (pending, sealed) = match self.pending(id).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        if !is_at(&pending, &arrived, headers) {
            // Its cookie is one of the host that the provider will send the browser back to.
            return see_other(&pending.url());
        }
        if !self.is_for(&pending, headers).await {
            return pages::not_yours(&self.title(&pending)).into_response();
        }
        match &pending.step {
            Step::Authorize(authorize) => {
                pages::start(&pending, &self.title(&pending), authorize.url.expose()).into_response()
            }
            Step::Type(_) => typing::page(self, *pending, sealed, headers, None).await,
            Step::Device(_) => pages::unknown().into_response(),
            Step::Agree(agree) if cookie::is_of(&pending, headers) => {
                pages::agree(&pending, agree, &self.title(&pending)).into_response()
            }
            Step::Agree(_) => pages::other_browser(&self.title(&pending)).into_response(),
        }
    }

    /// What the form on that page sent.
    pub(super) async fn send(&self, id: &str, headers: &HeaderMap, form: Form) -> Response {
        let (pending, sealed) = match self.pending(id).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        if !self.is_for(&pending, headers).await {
            return pages::not_yours(&self.title(&pending)).into_response();
        }
        if !form.is_of(&pending) {
            return pages::refused(
                StatusCode::FORBIDDEN,
                "This form is not of this page: open the page again.",
            )
            .into_response();
        }
        match &pending.step {
            Step::Authorize(_) => self.to_provider(*pending, sealed, headers).await,
            Step::Type(_) if !cookie::is_of(&pending, headers) => {
                pages::other_browser(&self.title(&pending)).into_response()
            }
            Step::Type(_) => typing::sent(self, *pending, sealed, headers, form).await,
            Step::Device(_) => pages::unknown().into_response(),
            Step::Agree(agree) if cookie::is_of(&pending, headers) => {
                self.agreed(&pending, agree, form.word().unwrap_or(Word::Keep)).await
            }
            Step::Agree(_) => pages::other_browser(&self.title(&pending)).into_response(),
        }
    }

    /// What a provider sent the browser back with.
    pub(super) async fn callback(&self, provider: &str, query: &str, headers: &HeaderMap) -> Response {
        let callback = match callback::parse(query) {
            Ok(callback) => callback,
            Err(error) => return pages::not_an_answer(&error.to_string()).into_response(),
        };
        let Some(state) = State::parse(callback.state.expose()) else {
            return pages::unknown().into_response();
        };
        let (pending, _sealed) = match self.pending_of(state.id).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let is_answer = match &pending.step {
            Step::Authorize(authorize) => authorize.is_state(&state) && is_path(authorize, provider),
            Step::Type(_) | Step::Device(_) | Step::Agree(_) => false,
        };
        if !is_answer {
            return pages::unknown().into_response();
        }
        if !self.is_for(&pending, headers).await {
            return pages::not_yours(&self.title(&pending)).into_response();
        }
        if !cookie::is_of(&pending, headers) {
            return pages::other_browser(&self.title(&pending)).into_response();
        }
        let account = pending.account();
        let resolved = self.core.of_account(&account).ok();
        let resolved = resolved.map(|resolved| resolved.with(pending.told.as_ref()));
        let same = resolved
            .as_ref()
            .filter(|resolved| resolved.origins() == pending.origins);
        let Some(oauth) = same.and_then(|resolved| resolved.oauth()) else {
            return pages::other_settings(&self.title(&pending)).into_response();
        };
        let code = callback.code(oauth);
        let taken = match self.core.flows.take(pending.id).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return pages::used().into_response(),
            Err(error) => return broken(&error),
        };
        let completion = Arc::clone(&self.completion);
        // The browser may go away; what the provider gives is kept all the same.
        self.completed(&pending, async move { completion.by_code(&taken, code).await })
            .await
    }

    /// The page that says how a sign-in ended.
    pub(in crate::auth) async fn done(&self, id: &str, headers: &HeaderMap) -> Response {
        let Ok(id) = id.parse::<FlowId>() else {
            return pages::unknown().into_response();
        };
        let mut answer = match self.core.flows.standing(id).await {
            Ok(Standing::Ended(outcome)) if self.is_told(&outcome, headers).await => {
                outcome_page(&outcome).into_response()
            }
            Ok(Standing::Ended(_)) => pages::used().into_response(),
            Ok(Standing::Pending(pending, _sealed)) => see_other(&pending.url()),
            Ok(Standing::Taken) => match self.board.untold(id) {
                Some(outcome) => outcome_page(&outcome).into_response(),
                None => pages::at_work().into_response(),
            },
            Ok(Standing::Unknown) => pages::unknown().into_response(),
            Err(error) => broken(&error),
        };
        answer.extensions_mut().insert(LastPage::new(&self.board, id));
        answer
    }

    async fn pending(&self, id: &str) -> Result<(Box<Pending>, Sealed), Response> {
        match id.parse() {
            Ok(id) => self.pending_of(id).await,
            Err(_not_one) => Err(pages::unknown().into_response()),
        }
    }

    /// A sign-in that is pending and whose time is not over, or the page that says what became of it.
    pub(super) async fn pending_of(&self, id: FlowId) -> Result<(Box<Pending>, Sealed), Response> {
        match self.core.flows.standing(id).await {
            Ok(Standing::Pending(pending, _sealed)) if pending.is_over(self.core.now()) => {
                Err(pages::late(&self.title(&pending)).into_response())
            }
            Ok(Standing::Pending(pending, sealed)) => Ok((pending, sealed)),
            Ok(Standing::Ended(outcome)) => Err(ended_page(&outcome).into_response()),
            Ok(Standing::Taken) => Err(pages::at_work().into_response()),
            Ok(Standing::Unknown) => Err(pages::unknown().into_response()),
            Err(AuthError::NoSuchSignIn) => Err(pages::unknown().into_response()),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Whether a request may have to do with a sign-in: where the pages are a site's that others reach, in a session of its profile.
    async fn is_for(&self, pending: &Pending, headers: &HeaderMap) -> bool {
        match &self.sessions {
            Some(sessions) => sessions.profile(headers).await == Some(pending.account().profile),
            None => !pending.needs_session,
        }
    }

    /// Whether a request may be told how a sign-in ended, which may name somebody.
    async fn is_told(&self, outcome: &Outcome, headers: &HeaderMap) -> bool {
        match (&self.sessions, outcome) {
            (Some(sessions), Outcome::Done { profile, .. }) => {
                let session = sessions.profile(headers).await;
                session.is_some_and(|session| session.as_str() == profile)
            }
            (Some(_) | None, _) => true,
        }
    }

    pub(super) fn title(&self, pending: &Pending) -> String {
        let provider = pending.account().provider;
        let found = self.core.providers.find(&provider);
        found.map_or(provider.clone(), |provider| provider.title.clone())
    }

    /// Gives the sign-in to this browser, which from here on is the only one that can complete it, and sends it to the provider.
    async fn to_provider(&self, mut pending: Pending, sealed: Sealed, headers: &HeaderMap) -> Response {
        let cookie = if cookie::is_of(&pending, headers) {
            None
        } else {
            match self.give_to_browser(&mut pending, sealed).await {
                Ok(cookie) => Some(cookie),
                Err(answer) => return answer,
            }
        };
        let Step::Authorize(authorize) = &pending.step else {
            return pages::unknown().into_response();
        };
        let answer = see_other(authorize.url.expose());
        match cookie {
            Some(cookie) => cookie::sent_with(answer, cookie),
            None => answer,
        }
    }

    pub(super) async fn give_to_browser(
        &self,
        pending: &mut Pending,
        mut sealed: Sealed,
    ) -> Result<HeaderValue, Response> {
        for _try in 0..TRIES {
            let value = pending.give_to_browser();
            match self.core.flows.replace(&sealed, pending).await {
                Ok(true) => {
                    let cookie = cookie::made(pending, &value, self.core.now());
                    return cookie.ok_or_else(|| pages::at_work().into_response());
                }
                Ok(false) => {
                    let (now, now_sealed) = self.pending_of(pending.id).await?;
                    (*pending, sealed) = (*now, now_sealed);
                }
                Err(error) => return Err(broken(&error)),
            }
        }
        Err(pages::at_work().into_response())
    }

    async fn agreed(&self, pending: &Pending, agree: &Agree, word: Word) -> Response {
        let taken = match self.core.flows.take(pending.id).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return pages::used().into_response(),
            Err(error) => return broken(&error),
        };
        let (completion, agree) = (Arc::clone(&self.completion), agree.clone());
        self.completed(pending, async move { completion.by_word(&taken, &agree, word).await })
            .await
    }

    /// Completes in a task of its own, and sends the browser on, so that nothing secret stays in its address bar.
    pub(super) async fn completed(
        &self,
        pending: &Pending,
        work: impl Future<Output = Completed> + Send + 'static,
    ) -> Response {
        self.board.page_is_due(pending.id);
        match tokio::spawn(work).await {
            Ok(Completed::Ended(_)) => see_other(&pending.done_url()),
            Ok(Completed::Asks(asking)) => {
                self.board.page_was_shown(pending.id);
                see_other(&asking.url())
            }
            Err(_cut_off) => pages::refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Pocket could not complete the sign-in.",
            )
            .into_response(),
        }
    }
}

/// Whether the request came to the very address at which the sign-in's pages are.
fn is_at(pending: &Pending, arrived: &Arrived, headers: &HeaderMap) -> bool {
    let scheme = if arrived.https { "https" } else { "http" };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let Ok(at) = Url::parse(&pending.origin) else {
        return false;
    };
    // Its path is that under which the embedding program has the pages, which it does not tell them.
    Url::parse(&format!("{scheme}://{host}")).is_ok_and(|came| came.origin() == at.origin())
}

/// Each provider has a path of its own: another's answer does not come in by it (RFC 8252 section 8.10).
fn is_path(authorize: &Authorize, provider: &str) -> bool {
    let mut segments = authorize.redirect.path_segments().into_iter().flatten();
    segments.nth_back(1) == Some(provider)
}
