//! One call in a fresh store, from instantiation to its end.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use wasmtime::{Store, UpdateDeadline};

use crate::{
    auth::Credential,
    base::thread_time::thread_time,
    sandbox::{
        CredentialsMode, End, Invocation, Outcome, SandboxError, Tool, Usage,
        broker::Broker,
        classify::{self, Ended},
        log::CallLog,
        memory::CallMemory,
        outbound::Totals,
        output_pipe::OutputPipe,
        state::{CallState, NoWorld, World},
        tool::Entry,
    },
};

/// What is known of a call once its guest is gone.
struct Ran {
    outcome: Outcome,
    usage: Usage,
    totals: Totals,
    renewed: Vec<Credential>,
}

/// Calls a tool once, as soon as there is a place for it.
pub(super) async fn invoke(tool: &Tool, invocation: Invocation<'_>) -> End {
    let asked = Instant::now();
    let place = tool.engine.admission.place(invocation.profile, &tool.places).await;
    let started = Instant::now();
    let before = Usage {
        waited_us: micros(started - asked),
        ..Usage::default()
    };
    let Ok(_place) = place else {
        return End::of_nothing(Outcome::Busy, before);
    };
    let log = CallLog::new(&tool.engine.limits, invocation.report.clone());
    let _running = tool.engine.ticker.running();
    let ran = match run(tool, &invocation, &log, started).await {
        Ok(ran) => ran,
        Err(outcome) => return End::of_nothing(outcome, before),
    };
    let log_used = log.used();
    let Totals {
        asked: requests_asked,
        requests,
        sent_bytes,
        received_bytes,
        refusals,
        only_safe_requests,
        saw_unauthorized,
        lacks_scopes,
        proxy_fault,
        limit_met: _,
    } = ran.totals;
    End {
        outcome: ran.outcome,
        logs: log.take(),
        usage: Usage {
            wall_us: micros(started.elapsed()),
            waited_us: before.waited_us,
            log_bytes: log_used.bytes as u64,
            reports_left_out: log_used.reports_left_out,
            requests_asked,
            requests,
            sent_bytes,
            received_bytes,
            ..ran.usage
        },
        refusals,
        only_safe_requests,
        saw_unauthorized,
        renewed: ran.renewed,
        lacks_scopes,
        proxy_fault: proxy_fault.and_then(|fault| Some((fault, tool.outbound.proxy()?))),
    }
}

async fn run(tool: &Tool, invocation: &Invocation<'_>, log: &CallLog, started: Instant) -> Result<Ran, Outcome> {
    let engine = &tool.engine;
    let deadline = started + tool.policy.timeout;
    let broker = broker_of(tool, invocation)?;
    let outbound = tool
        .outbound
        .for_call(
            invocation.profile,
            invocation.credential,
            broker.clone(),
            deadline.into(),
        )
        .telling(invocation.report.clone());
    let ledger = outbound.ledger();
    let output = OutputPipe::new(engine.limits.output);
    let world = World {
        name: tool.name.as_str(),
        kind: tool.entry.kind(),
        input: invocation.input,
        profile: invocation.profile,
        policy: &tool.policy,
        credential: invocation.credential,
        broker: broker.as_deref(),
        limits: &engine.limits,
        output: output.clone(),
        log: log.clone(),
        memory: CallMemory::new(&engine.memory, tool.policy.memory, &engine.limits),
        outbound,
        deadline,
    };
    let mut store = store_of(tool, world)?;
    let mut cpu = Duration::ZERO;
    let guest = measured(enter(&tool.entry, &mut store, invocation.input, &output), &mut cpu);
    let ended = match tokio::time::timeout_at(deadline.into(), AssertUnwindSafe(guest).catch_unwind()).await {
        Err(_elapsed) => Ended::TimedOut,
        Ok(Err(_panic)) => Ended::Panicked,
        Ok(Ok(ended)) => ended,
    };
    let output_bytes = if let Ended::Output(text) = &ended {
        text.len()
    } else {
        output.len()
    };
    let refused = store.data().memory.refused();
    let usage = used(store.data(), cpu, output_bytes);
    // Ends what the guest still has open before it is counted what it sent.
    drop(store);
    log.end();
    let totals = ledger.totals();
    let outcome = classify::outcome(ended, refused, totals.limit_met, engine.limits.output, log);
    Ok(Ran {
        outcome,
        usage,
        totals,
        renewed: broker.map(|broker| broker.renewed()).unwrap_or_default(),
    })
}

/// What a call used by itself, before its log and its requests are counted.
fn used(state: &CallState, cpu: Duration, output_bytes: usize) -> Usage {
    Usage {
        cpu_us: micros(cpu),
        memory_bytes: state.memory.peak(),
        table_elements: state.memory.table_elements() as u64,
        output_bytes: output_bytes as u64,
        environment_bytes: state.environment as u64,
        ..Usage::default()
    }
}

/// The placeholders of a call whose guest is not to have the secrets themselves.
fn broker_of(tool: &Tool, invocation: &Invocation<'_>) -> Result<Option<Arc<Broker>>, Outcome> {
    let (CredentialsMode::Brokered, Some(credential)) = (tool.policy.credentials, invocation.credential) else {
        return Ok(None);
    };
    match Broker::new(credential, invocation.auth.cloned()) {
        Ok(broker) => Ok(Some(Arc::new(broker))),
        Err(why) => Err(Outcome::Sandbox(SandboxError::NotBrokered(why.to_string()))),
    }
}

fn store_of(tool: &Tool, world: World<'_>) -> Result<Store<CallState>, Outcome> {
    let limits = &tool.engine.limits;
    let start = |error: wasmtime::Error| Outcome::Sandbox(SandboxError::Start(error.to_string()));
    let state = CallState::new(world).map_err(|why| {
        Outcome::Sandbox(match why {
            NoWorld::Environment => SandboxError::EnvironmentTooLarge {
                limit: limits.environment,
            },
            NoWorld::Folder { folder, reason } => SandboxError::Folder { folder, reason },
        })
    })?;
    let mut store = Store::try_new(&tool.engine.wasmtime, state).map_err(start)?;
    store.limiter(|state| &mut state.memory);
    // What a typed tool gives is copied as what a guest hands to a host's function is.
    store.set_hostcall_fuel(limits.hostcall.max(limits.output.saturating_add(64 << 10)));
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        Ok(if Instant::now() >= context.data().deadline {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Yield(1)
        })
    });
    Ok(store)
}

async fn enter(entry: &Entry, store: &mut Store<CallState>, input: &str, output: &OutputPipe) -> Ended {
    match entry {
        Entry::Command(pre) => {
            let command = match pre.instantiate_async(&mut *store).await {
                Ok(command) => command,
                Err(error) => return Ended::NotStarted(error),
            };
            match command.wasi_cli_run().call_run(&mut *store).await {
                Ok(Ok(())) => Ended::Output(output.take()),
                Ok(Err(())) => Ended::Exit(1),
                Err(error) => match error.downcast_ref::<wasmtime_wasi::I32Exit>() {
                    Some(exit) if exit.0 == 0 => Ended::Output(output.take()),
                    Some(exit) => Ended::Exit(exit.0),
                    None => Ended::Error(error),
                },
            }
        }
        Entry::Typed(pre) => {
            let tool = match pre.instantiate_async(&mut *store).await {
                Ok(tool) => tool,
                Err(error) => return Ended::NotStarted(error),
            };
            match tool.pocket_tool_tool().call_invoke(&mut *store, input).await {
                Ok(Ok(text)) => Ended::Output(text),
                Ok(Err(error)) => Ended::Typed(error),
                // It gave no output, whatever its code says.
                Err(error) => match error.downcast_ref::<wasmtime_wasi::I32Exit>() {
                    Some(exit) => Ended::Exit(exit.0),
                    None => Ended::Error(error),
                },
            }
        }
    }
}

/// Adds the time that a processor spends in `work` to `cpu`.
async fn measured<F: Future>(work: F, cpu: &mut Duration) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        let before = thread_time();
        let polled = work.as_mut().poll(context);
        *cpu += thread_time().saturating_sub(before);
        polled
    })
    .await
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
