//! Signs users in, keeps their tokens, and hands each call a credential.

mod credential;
mod sign_in;

pub use credential::{Credential, CredentialValue};
pub use sign_in::SignIn;
