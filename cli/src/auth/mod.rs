//! `pocket auth`: sign in and out.

mod export;
mod import;
mod login;
mod logout;
mod named;
mod passphrase;
mod provider;
mod providers;
mod rekey;
mod renew;
mod reset;
pub(crate) mod sign_in;
mod status;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) async fn auth(args: args::Auth, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    match args {
        args::Auth::Login(args) => login::login(args, place, terminal).await,
        args::Auth::Logout(args) => logout::logout(args, place, terminal).await,
        args::Auth::Export(args) => export::export(args, place, terminal).await,
        args::Auth::Import(args) => import::import(args, place, terminal).await,
        args::Auth::Renew => renew::renew(place, terminal).await,
        args::Auth::Rekey(args) => rekey::rekey(args, place, terminal).await,
        args::Auth::Reset(args) => reset::reset(args, place, terminal),
        args::Auth::Providers(args) => providers::providers(args, place, terminal),
        args::Auth::Status => status::status(place, terminal).await,
    }
}
