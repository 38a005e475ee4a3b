//! `pocket doctor`: what stands in the way on this machine, and how to mend it.

use std::{net::TcpListener, path::Path};

use owo_colors::OwoColorize as _;
use pocket_runtime::{Code, Pocket, create_private_dir, shown_on_one_line};
use serde_json::json;

use crate::{
    args, child,
    failure::Failure,
    harden,
    session::{Place, Trusted},
    terminal::Terminal,
};

/// How one thing is.
struct Finding {
    what: &'static str,
    state: State,
    message: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fine,
    /// Something may not work.
    Warning,
    /// Nothing works before this is mended.
    Broken,
}

pub(crate) fn doctor(args: &args::Doctor, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    if args.harden {
        return tell(&hardened(place), terminal);
    }
    let findings = [
        home(place),
        cache(place),
        project(place),
        secrets(place),
        engine(place),
        port(place),
        git(),
        target(),
    ];
    tell(&findings, terminal)
}

fn tell(findings: &[Finding], terminal: &Terminal) -> Result<(), Failure> {
    if terminal.is_json() {
        let findings: Vec<_> = findings.iter().map(as_json).collect();
        terminal.value(&json!({ "findings": findings }));
    } else {
        for finding in findings {
            show(finding, terminal);
        }
    }
    if findings.iter().any(|finding| finding.state == State::Broken) {
        return Err(Failure::Printed(Code::NotValid));
    }
    Ok(())
}

fn fine(what: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        what,
        state: State::Fine,
        message: message.into(),
        remedy: None,
    }
}

fn found(what: &'static str, state: State, message: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        what,
        state,
        message: message.into(),
        remedy: Some(remedy.into()),
    }
}

/// Each thing that a hardened process must not be able to do.
fn hardened(place: &Place) -> Vec<Finding> {
    let tries = harden::tries(place).into_iter();
    tries
        .map(|(what, held)| match held {
            true => fine("hardened", format!("cannot {what}")),
            false => found(
                "hardened",
                State::Broken,
                format!("can {what}"),
                "a newer kernel may hold more: Landlock came with Linux 5.13",
            ),
        })
        .collect()
}

fn home(place: &Place) -> Finding {
    for folder in [place.home.config(), place.home.data(), place.home.cache()] {
        if let Err(error) = made(folder, place).and_then(|()| writable(folder)) {
            let message = format!("cannot write `{}`: {error}", folder.display());
            return found(
                "home",
                State::Broken,
                message,
                "let this user write it, or set POCKET_HOME to another folder",
            );
        }
    }
    fine("home", format!("`{}` can be written", place.home.data().display()))
}

fn cache(place: &Place) -> Finding {
    let folder = place.home.cache();
    match place.home.check_cache() {
        Ok(()) => fine("cache", format!("nobody else writes `{}`", folder.display())),
        Err(error) => found(
            "cache",
            State::Broken,
            format!("somebody else could have put something into the cache: {error}"),
            "look who else uses that folder; `pocket cache clean` empties the cache, which closing it would not do",
        ),
    }
}

/// Nobody else may look where the token store lies. Who may look into the others is the user's own matter once they are there.
fn made(folder: &Path, place: &Place) -> std::io::Result<()> {
    if folder.is_dir() && folder != place.home.data() {
        return Ok(());
    }
    create_private_dir(folder)
}

fn writable(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".pocket-doctor-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

fn project(place: &Place) -> Finding {
    match place.read() {
        Err(failure) => found("settings", State::Broken, failure.message(), failure.hints().join("; ")),
        Ok((settings, asks)) => match place.trusted(&asks) {
            Ok(Trusted::Kept | Trusted::ForNow) => fine(
                "settings",
                format!(
                    "{} tools, {} clients",
                    settings.tools.len(),
                    settings.auth.clients.len()
                ),
            ),
            Ok(Trusted::No) => found(
                "settings",
                State::Warning,
                "nobody has allowed what this project's files ask",
                "`pocket trust` shows it and asks",
            ),
            Err(failure) => found("settings", State::Broken, failure.message(), failure.hints().join("; ")),
        },
    }
}

fn secrets(place: &Place) -> Finding {
    let path = place.project.join(".secrets.toml");
    #[cfg(unix)]
    if let Ok(metadata) = std::fs::metadata(&path) {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            let message = "other users of this machine can read `.secrets.toml`";
            return found("secrets", State::Warning, message, "run `chmod 600 .secrets.toml`");
        }
    }
    fine(
        "secrets",
        if path.exists() {
            "`.secrets.toml` is this user's alone"
        } else {
            "there is no `.secrets.toml` here"
        },
    )
}

fn engine(place: &Place) -> Finding {
    let settings = match place.settings() {
        Ok(settings) => settings,
        Err(failure) => return found("engine", State::Broken, failure.message(), failure.hints().join("; ")),
    };
    // A thread of its own: this one may already drive a runtime.
    let home = place.home.clone();
    let built = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        Some(runtime.block_on(Pocket::builder().home(home).settings(settings).unlocked().build()))
    })
    .join();
    match built {
        Ok(Some(Ok(_))) => fine("engine", "the sandbox and the token store open"),
        Ok(Some(Err(error))) => found("engine", State::Broken, error.to_string(), error.hints().join("; ")),
        Ok(None) | Err(_) => found(
            "engine",
            State::Broken,
            "the sandbox cannot be made",
            "report this with the output of `pocket --version`",
        ),
    }
}

fn port(place: &Place) -> Finding {
    let port = place.read().map_or(8976, |(settings, _)| settings.auth.callback_port);
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => fine("sign-in port", format!("{port} is free")),
        Err(error) => found(
            "sign-in port",
            State::Warning,
            format!("{port} cannot be used: {error}"),
            "end what holds it, or set `[callback] port` and register the new redirect URI with your providers",
        ),
    }
}

fn git() -> Finding {
    match child::program("git").arg("--version").output() {
        Ok(output) if output.status.success() => fine("git", String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        _ => found(
            "git",
            State::Warning,
            "there is no `git` command",
            "private repositories need its credential helpers: install git",
        ),
    }
}

fn target() -> Finding {
    let installed = child::program("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip2"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .is_some_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if installed {
        return fine("building tools", "wasm32-wasip2 is installed");
    }
    found(
        "building tools",
        State::Warning,
        "wasm32-wasip2 is not installed",
        "to build tools: rustup target add wasm32-wasip2",
    )
}

fn show(finding: &Finding, terminal: &Terminal) {
    let mark = match finding.state {
        State::Fine => "✓".green().to_string(),
        State::Warning => "!".yellow().to_string(),
        State::Broken => "✗".red().to_string(),
    };
    let message = shown_on_one_line(&finding.message);
    terminal.data(format_args!("{mark} {:<15} {message}", finding.what));
    if let Some(remedy) = &finding.remedy {
        terminal.data(format_args!("  {:<15} {}", "", shown_on_one_line(remedy)));
    }
}

fn as_json(finding: &Finding) -> serde_json::Value {
    let state = match finding.state {
        State::Fine => "fine",
        State::Warning => "warning",
        State::Broken => "broken",
    };
    json!({ "what": finding.what, "state": state, "message": finding.message, "remedy": finding.remedy })
}
