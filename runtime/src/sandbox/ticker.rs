//! Counts wasmtime's epochs while guests run, so that each can be interrupted.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

use wasmtime::EngineWeak;

/// How long a guest runs before it lets others run: the longest that a busy loop outlives its end.
const TICK: Duration = Duration::from_millis(5);
/// After so many ticks without a guest, the thread sleeps until there is one.
const IDLE_TICKS: u32 = 100;

/// A thread that counts epochs while guests run; it ends when this is dropped.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    running: AtomicU32,
    asleep: AtomicBool,
    ended: AtomicBool,
}

/// A guest runs as long as this is there.
pub(super) struct Running<'a>(&'a Ticker);

impl Ticker {
    /// # Errors
    /// When there can be no more threads.
    pub(super) fn start(engine: EngineWeak) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let handle = thread::Builder::new()
            .name("pocket-epochs".to_owned())
            .spawn(move || of_thread.tick(&engine))?;
        Ok(Self {
            shared,
            thread: handle.thread().clone(),
        })
    }

    pub(super) fn running(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(self)
    }
}

impl Shared {
    #[cfg_attr(not(test), expect(clippy::disallowed_methods, reason = "it has a thread of its own"))]
    fn tick(&self, engine: &EngineWeak) {
        let mut idle = 0;
        while !self.ended.load(Ordering::SeqCst) {
            if idle < IDLE_TICKS {
                thread::sleep(TICK);
            } else {
                // Whoever begins to run after this store sees it and wakes us; whoever began before is seen here.
                self.asleep.store(true, Ordering::SeqCst);
                if self.running.load(Ordering::SeqCst) == 0 && !self.ended.load(Ordering::SeqCst) {
                    thread::park();
                }
                self.asleep.store(false, Ordering::SeqCst);
                idle = 0;
            }
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            idle = if self.running.load(Ordering::SeqCst) == 0 {
                idle + 1
            } else {
                0
            };
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}
