//! What every stage needs, none of which knows what a tool is.

pub(crate) mod child_process;
pub(crate) mod clock;
pub(crate) mod code;
pub(crate) mod digest;
pub(crate) mod file_lock;
pub(crate) mod files;
pub(crate) mod home;
pub(crate) mod json;
mod json_hint;
pub(crate) mod json_text;
pub(crate) mod key;
pub(crate) mod keyring;
pub(crate) mod keys;
pub(crate) mod listeners;
pub(crate) mod name;
pub(crate) mod nearest;
pub(crate) mod net;
pub(crate) mod ours;
pub(crate) mod proxy;
pub(crate) mod quantity;
pub(crate) mod redactor;
pub(crate) mod resolver;
pub(crate) mod secret;
pub(crate) mod text;
pub(crate) mod thread_time;
pub(crate) mod word;
