//! `pocket`: fetch, sign in to, and run sandboxed tools from the terminal.

#![warn(clippy::too_many_lines)]

mod add;
mod args;
mod ask;
mod asks;
mod auth;
mod browser;
mod build;
mod cache;
mod check;
mod child;
mod compile_for_parent;
mod completions;
mod core_dumps;
mod doctor;
mod failure;
mod fetch_for_parent;
mod followed;
mod grants;
mod harden;
mod input;
mod inspect;
mod interrupt;
mod keys;
mod list;
mod new;
mod open_files;
mod place;
mod progress;
mod project_file;
mod remove;
mod run;
mod serve;
mod session;
mod table;
mod terminal;
mod tools;
mod trust;
mod update;
mod usage;

use std::process::ExitCode;

use args::{Args, Verb};
use clap::Parser as _;
use failure::Failure;
use harden::Held;
use pocket_runtime::Code;
use terminal::Terminal;

fn main() -> ExitCode {
    if let Some(opened) = browser::opening() {
        return opened;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage::told(error),
    };
    let terminal = Terminal::new(args.json, args.verbose);
    if let Verb::CompileForParent(compile) = &args.verb {
        return compile_for_parent::compile_for_parent(compile, &terminal);
    }
    core_dumps::forbid();
    if matches!(args.verb, Verb::StartForParent) {
        return harden::start_for_parent();
    }
    match work(args, &terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.failure(&failure);
            ExitCode::from(failure.exit())
        }
    }
}

fn work(args: Args, terminal: &Terminal) -> Result<(), Failure> {
    let Args {
        verb,
        project,
        profile,
        json: _,
        verbose: _,
    } = args;
    let place = session::Place::locate(project, profile)?;
    match &verb {
        Verb::Run(run) if run.harden => harden::begin(Held::Run(run), &place, terminal)?,
        Verb::Serve(serve) if !harden::is_declined(serve) => harden::begin(Held::Serve, &place, terminal)?,
        Verb::Doctor(doctor) if doctor.harden => harden::begin(Held::Trial, &place, terminal)?,
        _other => {}
    }
    let serves = matches!(verb, Verb::Serve(_));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if !serves {
        runtime.worker_threads(2);
    }
    let runtime = runtime.enable_all().build().map_err(anyhow::Error::from)?;
    let work = dispatch(verb, &place, terminal);
    let ended = if serves {
        // It ends what runs before it ends itself.
        runtime.block_on(work)
    } else {
        runtime.block_on(until_interrupted(work))
    };
    let ended = ended.and_then(|()| terminal.finish());
    // A resolver or file call that hangs must not keep a finished process from ending.
    runtime.shutdown_background();
    ended
}

async fn until_interrupted(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        ended = work => ended,
        () = interrupt::asked_to_end() => Err(Failure::said(Code::Cancelled, "interrupted")),
    }
}

async fn dispatch(verb: Verb, place: &session::Place, terminal: &Terminal) -> Result<(), Failure> {
    match verb {
        Verb::Run(verb) => run::run(verb, place, terminal).await,
        Verb::Add(verb) => add::add(verb, place, terminal).await,
        Verb::Trust(verb) => trust::trust(verb, place, terminal),
        Verb::List => list::list(place, terminal).await,
        Verb::Tools(verb) => tools::tools(verb, place, terminal).await,
        Verb::Update(verb) => update::update(verb, place, terminal).await,
        Verb::Remove(verb) => remove::remove(verb, place, terminal).await,
        Verb::Inspect(verb) => inspect::inspect(verb, place, terminal).await,
        Verb::Check(verb) => check::check(verb, place, terminal),
        Verb::Auth(verb) => auth::auth(verb, place, terminal).await,
        Verb::Serve(verb) => serve::serve(verb, place, terminal).await,
        Verb::Keys(verb) => keys::keys(verb, place, terminal),
        Verb::New(verb) => new::new(verb, terminal),
        Verb::Build(verb) => build::build(verb, place, terminal),
        Verb::Doctor(verb) => doctor::doctor(&verb, place, terminal),
        Verb::Cache(verb) => cache::cache(verb, place, terminal),
        Verb::Completions(verb) => {
            completions::completions(verb, terminal);
            Ok(())
        }
        Verb::FetchForParent => fetch_for_parent::fetch(place).await,
        // `main` has done it, without a place.
        Verb::CompileForParent(_) | Verb::StartForParent => Ok(()),
    }
}
