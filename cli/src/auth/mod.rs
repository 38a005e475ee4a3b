//! `pocket auth`: sign in and out.

mod login;
mod logout;
mod provider;
mod providers;
mod reset;
pub(crate) mod sign_in;
mod status;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn auth(args: args::Auth, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    match args {
        args::Auth::Login(args) => login::login(args, place, terminal).await,
        args::Auth::Logout(args) => logout::logout(args, place, terminal).await,
        args::Auth::Reset(args) => reset::reset(args, place, terminal),
        args::Auth::Providers(args) => providers::providers(args, place, terminal),
        args::Auth::Status => status::status(place, terminal).await,
    }
}
