//! A person's browser: let in once by a code or a key, known by a cookie from then on.

mod codes;
mod cookie;
mod door;
mod posted;
mod sessions;
mod token;

pub(crate) use codes::Codes;
pub(crate) use cookie::Cookie;
pub(crate) use door::{Visitor, caller, caller_of, foreign, is_signed_in, needs_session};
pub(crate) use posted::{Fields, MARK, Posted, PostedKey};
pub(crate) use sessions::Sessions;
pub(crate) use token::made;
