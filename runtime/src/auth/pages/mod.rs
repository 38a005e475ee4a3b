//! The pages that a user sees while signing in.

mod ending;
mod frame;
mod start;
mod typing;

pub(super) use ending::{
    at_work, denied, done, ended, failed, kept_meanwhile, late, not_an_answer, not_yours, other_browser,
    other_settings, refused, superseded, unknown, used,
};
pub(super) use frame::Page;
pub(super) use start::{agree, start};
pub(super) use typing::{Asked, Input, typing};
