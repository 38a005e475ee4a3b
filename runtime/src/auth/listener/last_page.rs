//! Keeps who waits for a sign-in until its last page was sent: a process that ended sooner would leave the browser without.

use std::sync::Arc;

use crate::auth::{board::Board, pending::FlowId};

/// Goes with the response that has the last page of a sign-in, and is dropped once that was sent.
#[derive(Clone)]
pub(super) struct LastPage {
    _shown_when_dropped: Arc<Shown>,
}

struct Shown {
    board: Arc<Board>,
    id: FlowId,
}

impl LastPage {
    pub(super) fn new(board: &Arc<Board>, id: FlowId) -> Self {
        let board = Arc::clone(board);
        Self {
            _shown_when_dropped: Arc::new(Shown { board, id }),
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.board.page_was_shown(self.id);
    }
}
