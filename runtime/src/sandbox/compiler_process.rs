//! Compiles a component in a process of its own.

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::ExitStatus,
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    process::Command,
};

use crate::{
    base::{
        child_process::{ChildProcess, StartChild},
        code::Code,
        digest::Digest,
        home::Home,
    },
    sandbox::{Limits, SandboxError, cache::CodeCache, code, compiler, config},
};

/// What is read of a compiler's words, in bytes.
const WORDS: u64 = 4 << 10;

/// A program that compiles one component and ends: what the component makes of the compiler stays in that process, which has
/// limits of its own on memory and time. It has no variables of the environment. It is trusted as this process is: what it gives is run.
#[derive(Debug, Clone)]
pub struct CompilerProcess {
    starter: Arc<dyn StartChild>,
    keeps: bool,
}

/// A program that this process starts itself.
#[derive(Debug)]
struct Program {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl StartChild for Program {
    fn start(&self) -> io::Result<ChildProcess> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        ChildProcess::spawn(command)
    }
}

/// Code that a compiler's process just gave.
pub(super) struct FreshCode(Vec<u8>);

impl FreshCode {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What the process is told before the component.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    /// Whether the code is for an engine with a pool of slots.
    pooled: bool,
    /// What the process may have, in bytes of address space.
    memory: u64,
    /// What it may use of the processors, in seconds.
    seconds: u64,
}

impl CompilerProcess {
    /// A program that calls [`compile_for_parent`] when it is started with these arguments, such as `pocket compile-for-parent`. It
    /// has to be of the very version of this library: code of another one is refused.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self::started_by(Arc::new(Program {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
        }))
    }

    /// One that somebody else starts, as [`CompilerProcess::new`] has it: where this process may start none itself.
    #[must_use]
    pub fn started_by(starter: Arc<dyn StartChild>) -> Self {
        Self { starter, keeps: false }
    }

    /// The same where the process itself keeps what it compiles, for the next: where this process may not write the cache.
    #[must_use]
    pub fn that_keeps(self) -> Self {
        Self { keeps: true, ..self }
    }

    pub(super) const fn keeps(&self) -> bool {
        self.keeps
    }

    /// The code of a component. Dropping the future ends the process.
    pub(super) async fn compile(
        &self,
        engine: &wasmtime::Engine,
        wasm: &[u8],
        limits: &Limits,
    ) -> Result<FreshCode, SandboxError> {
        let task = Task {
            pooled: engine.get_pooling_config().is_some(),
            memory: limits.compile_memory,
            seconds: processor_time(limits.compile_timeout).as_secs(),
        };
        let ChildProcess {
            input,
            output,
            words,
            ended,
        } = self.starter.start().map_err(SandboxError::CompilerNotStarted)?;
        let mut output = output.take(limits.compile_memory);
        let mut words_from = words.take(WORDS);
        let (mut code, mut words) = (Vec::new(), Vec::new());
        let reading = async {
            let (code, words) = tokio::join!(output.read_to_end(&mut code), words_from.read_to_end(&mut words));
            code.and(words)
        };
        // One that died before it read everything is told by its end, not by the pipe.
        let (_told, read) = tokio::join!(tell(input, &task, wasm), reading);
        read.map_err(SandboxError::CompilerNotStarted)?;
        let ended = ended.await.map_err(SandboxError::CompilerNotStarted)?;
        if ended.success() {
            return Ok(FreshCode(code));
        }
        if ended.code() == Some(i32::from(COMPILER_REFUSED))
            && let Some(refused) = Refused::read(&code)
        {
            return Err(refused);
        }
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        Err(SandboxError::CompilerDied(last_words(ended, &words)))
    }
}

/// What the process hands over in place of code.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    code: String,
    words: String,
    hints: Vec<String>,
}

impl Refused {
    fn of(error: &SandboxError) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            words: error.to_string(),
            hints: error.hints(),
        }
    }

    /// As the process wrote it; nothing where that is no refusal.
    fn read(bytes: &[u8]) -> Option<SandboxError> {
        let Self { code, words, hints } = serde_json::from_slice(bytes).ok()?;
        let code = Code::of_word(&code).filter(|code| *code != Code::Ok)?;
        Some(SandboxError::CompilerRefused { code, words, hints })
    }
}

/// All processors may work on it at once.
fn processor_time(time: Duration) -> Duration {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    time.saturating_mul(u32::try_from(processors).unwrap_or(u32::MAX))
}

/// Hands the component over.
async fn tell(mut to: impl AsyncWrite + Unpin, task: &Task, wasm: &[u8]) -> io::Result<()> {
    let mut task = serde_json::to_vec(task)?;
    task.push(b'\n');
    to.write_all(&task).await?;
    to.write_all(wasm).await?;
    to.shutdown().await
}

fn last_words(ended: ExitStatus, words: &str) -> String {
    match words.lines().next() {
        Some(first) => format!("{ended}: {first}"),
        None => ended.to_string(),
    }
}

/// The exit code of a program whose [`compile_for_parent`] failed.
pub const COMPILER_REFUSED: u8 = 65;

/// What the program of a [`CompilerProcess`] does: reads a component from its stdin and writes the code to its stdout, or why there is
/// none. It sets limits for the whole process, so that program does nothing else.
///
/// With a `home` it keeps the code there too: under the component's own digest, so that whoever hands it a component can have it keep
/// that component's code and nothing else.
///
/// On an error, the program ends with [`COMPILER_REFUSED`]: its parent then tells what was written in the error's own words, with its code
/// and hints. What it writes to stderr is told only of one that ends otherwise.
///
/// # Errors
/// [`SandboxError::Compile`] when the component does not compile; others when this process cannot do it.
pub fn compile_for_parent(input: impl Read, mut output: impl Write, home: Option<&Home>) -> Result<(), SandboxError> {
    let compiled = compile_one(input);
    let written = match &compiled {
        Ok(compiled) => output.write_all(&compiled.code),
        Err(error) => serde_json::to_vec(&Refused::of(error))
            .map_err(io::Error::from)
            .and_then(|refused| output.write_all(&refused)),
    };
    let told = written.and_then(|()| output.flush()).map_err(broken);
    let Compiled { engine, digest, code } = compiled?;
    told?;
    if let Some(home) = home {
        let cache = CodeCache::of(home, Limits::default().compiled_code);
        code::keep(&cache, &engine, &digest, &code);
    }
    Ok(())
}

struct Compiled {
    engine: wasmtime::Engine,
    digest: Digest,
    code: Vec<u8>,
}

fn compile_one(input: impl Read) -> Result<Compiled, SandboxError> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    (&mut input).take(WORDS).read_until(b'\n', &mut line).map_err(broken)?;
    let task: Task = serde_json::from_slice(&line).map_err(|error| broken(error.into()))?;
    limit_this_process(&task).map_err(broken)?;
    let mut wasm = Vec::new();
    input.read_to_end(&mut wasm).map_err(|error| {
        // Of the limit that was just set, not of this machine.
        if error.kind() == io::ErrorKind::OutOfMemory {
            SandboxError::CompilerDied(error.to_string())
        } else {
            broken(error)
        }
    })?;
    let engine = config::engine_that_compiles(task.pooled)?;
    let (_component, code) = compiler::compile(&engine, &wasm)?;
    let digest = Digest::of(&wasm);
    Ok(Compiled { engine, digest, code })
}

fn broken(error: io::Error) -> SandboxError {
    SandboxError::Setup(error.to_string())
}

/// Leaves no core behind, and has this memory and time. (One whose parent died ends at the pipe, or when its time is over.)
#[cfg(unix)]
fn limit_this_process(task: &Task) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::As, task.memory),
        (Resource::Cpu, task.seconds.max(1)),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}

/// Elsewhere only its parent's patience limits it.
#[cfg(not(unix))]
fn limit_this_process(_task: &Task) -> io::Result<()> {
    Ok(())
}
