//! A place with its settings, once they hold.

use pocket_runtime::{Code, Pocket, PocketBuilder, ProjectAsks, Reference, Settings, ToolName, shown_on_one_line};

pub(crate) use crate::place::{Place, Trusted};

use crate::{
    ask::{Answer, ask},
    compile_for_parent,
    failure::Failure,
    harden, progress,
    terminal::Terminal,
};

/// A verb makes one call after the other. Each place for a call costs a little time when wasmtime is set up: a thousand, the
/// library's default, cost more than the call.
const CALLS: u32 = 2;

/// A place with its settings, which hold: a person trusted what the project's files ask.
pub(crate) struct Session<'a> {
    pub(crate) place: &'a Place,
    pub(crate) settings: Settings,
    /// What was trusted.
    asks: ProjectAsks,
    trusted: Trusted,
}

impl Place {
    /// The settings, once a person trusts what the project's files ask: now, before, or by `POCKET_TRUST_PROJECT=1`.
    pub(crate) fn open(&self, terminal: &Terminal) -> Result<Session<'_>, Failure> {
        let (settings, asks) = self.read()?;
        let trusted = match self.trusted(&asks)? {
            Trusted::No => {
                self.ask_for_trust(&asks, terminal)?;
                Trusted::Kept
            }
            trusted @ (Trusted::ForNow | Trusted::Kept) => trusted,
        };
        Ok(Session {
            place: self,
            settings,
            asks,
            trusted,
        })
    }

    fn ask_for_trust(&self, asks: &ProjectAsks, terminal: &Terminal) -> Result<(), Failure> {
        let refused = || {
            Failure::said(
                Code::Denied,
                format!(
                    "nobody on this machine has allowed what this project's files ask: `{}`",
                    self.project.display()
                ),
            )
            .hint("`pocket trust` shows what they ask and allows it; in scripts set POCKET_TRUST_PROJECT=1")
        };
        if !terminal.can_ask() {
            return Err(refused());
        }
        self.show_asks(asks, terminal)?;
        match ask(terminal, "Allow it, for this content of the files?") {
            Answer::Yes => Ok(self.trust().trust_project(&self.project, asks.digest, &asks.lines)?),
            Answer::No => Err(refused()),
        }
    }
}

impl Place {
    /// Shows all that a project's files ask, and what of it is new since a person agreed to it.
    pub(crate) fn show_asks(&self, asks: &ProjectAsks, terminal: &Terminal) -> Result<(), Failure> {
        let project = shown_on_one_line(&self.project.display().to_string());
        terminal.say(format_args!("The files of `{project}` ask for:"));
        let Some(before) = self.trust().lines_of_project(&self.project)? else {
            for line in &asks.lines {
                terminal.say(format_args!("  - {line}"));
            }
            return Ok(());
        };
        let gone = before.iter().filter(|line| !asks.lines.contains(line));
        let gone: Vec<&String> = gone.collect();
        let is_new = |line: &String| !before.contains(line);
        for line in &asks.lines {
            terminal.say(format_args!("  {} {line}", if is_new(line) { '+' } else { ' ' }));
        }
        for line in &gone {
            terminal.say(format_args!("  - {line}"));
        }
        terminal.say(if gone.is_empty() && !asks.lines.iter().any(is_new) {
            "(no line of it changed since it was trusted: what did is a secret, or something that was refused or limited)"
        } else {
            "(+ is new and - is gone since it was trusted)"
        });
        Ok(())
    }
}

/// Why a verb finds no tool of this name among those of a project, and which there are.
pub(crate) fn no_tool(name: &ToolName, settings: &Settings) -> Failure {
    let message = format!("this project has no tool of this name: `{name}`");
    let known: Vec<&str> = settings.tools.keys().map(ToolName::as_str).collect();
    let failure = Failure::said(Code::NotFound, message);
    let failure = match known.as_slice() {
        [] => failure.hint("this project has no tools yet: `pocket add SOURCE` adds one"),
        known => failure.hint(format!("its tools: {}", known.join(", "))),
    };
    failure.hint(format!("a folder is written with a `/`: `./{name}`"))
}

impl Session<'_> {
    /// See [`no_tool`].
    pub(crate) fn no_tool(&self, name: &ToolName) -> Failure {
        no_tool(name, &self.settings)
    }

    /// Opens one of the project's tools. One that was never pinned, or from another source, is pinned now, which changes the lock.
    pub(crate) async fn open_tool(&self, name: &ToolName) -> Result<Pocket, Failure> {
        self.open_tools(std::slice::from_ref(name)).await
    }

    /// The same of several.
    pub(crate) async fn open_tools(&self, names: &[ToolName]) -> Result<Pocket, Failure> {
        let mut are_pinned = true;
        for name in names {
            are_pinned &= self.is_pinned(name)?;
        }
        let pocket = self.builder().only(names.iter().cloned()).build().await?;
        if !are_pinned {
            self.keep_trusted()?;
        }
        Ok(pocket)
    }

    fn is_pinned(&self, name: &ToolName) -> Result<bool, Failure> {
        let Some(tool) = self.settings.tools.get(name) else {
            return Ok(true);
        };
        let installer = self.place.installer(&self.settings)?;
        match installer.reference(&tool.source)? {
            Reference::Source(source) => Ok(installer.names_of(&source)?.contains(name)),
            Reference::Name(_) => Ok(true),
        }
    }

    /// After a verb changed the project's files on a person's word.
    pub(crate) fn keep_all_trusted(&self) -> Result<(), Failure> {
        self.place.keep_trusted(self.trusted)
    }

    /// After a verb changed `pocket.lock` on a person's word, that is trusted too; but not what somebody else changed meanwhile.
    pub(crate) fn keep_trusted(&self) -> Result<(), Failure> {
        let (_, asks) = self.place.read()?;
        if asks.same_but_for_the_lock(&self.asks) {
            self.place.keep_trusted(self.trusted)?;
        }
        Ok(())
    }

    /// Before a verb changes the project's files and trusts the outcome: that they still are what was trusted.
    pub(crate) fn check_unchanged(&self) -> Result<(), Failure> {
        let (_, asks) = self.place.read()?;
        if asks == self.asks {
            return Ok(());
        }
        Err(
            Failure::said(Code::Denied, "this project's files changed in the meantime")
                .hint("look at the changes, then do the same again"),
        )
    }

    /// A [`Pocket`] of this project, to which the verb adds what it needs.
    pub(crate) fn builder(&self) -> PocketBuilder {
        let mut settings = self.settings.clone();
        settings.limits.calls = settings.limits.calls.min(CALLS);
        self.builder_with(settings)
    }

    /// The same for a process that makes many calls.
    pub(crate) fn builder_for_many(&self) -> PocketBuilder {
        self.builder_with(self.settings.clone())
    }

    fn builder_with(&self, settings: Settings) -> PocketBuilder {
        let fetcher = harden::fetcher(&settings);
        let builder = Pocket::builder()
            .home(self.place.home.clone())
            .project(&self.place.project)
            .settings(settings)
            .compiler(compile_for_parent::compiler())
            .progress(progress::of_fetch());
        let builder = match fetcher {
            Some(fetcher) => builder.fetcher(fetcher),
            None => builder,
        };
        match harden::lock_writer() {
            Some(writer) => builder.lock_writer(writer),
            None => builder,
        }
    }
}
