//! Numbers for Prometheus.

use pocket_runtime::{CallStep, Counts};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::calls::{Ended, Story};

/// From 100 us to a minute: the upper ends of the histograms' classes, in seconds.
const SECONDS: [f64; 16] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 60.0,
];

/// What was done since the process began, in numbers: of all profiles and keys together.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<OfCall, Counter>,
    took: Family<OfTool, Histogram>,
    waited: Histogram,
    loading: Histogram,
    compiling: Histogram,
    requests: Family<OfRequest, Counter>,
    refusals: Family<OfTool, Counter>,
    running: Gauge,
    waiting: Gauge,
    renewals: Family<OfRenewal, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCall {
    tool: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTool {
    tool: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    tool: String,
    /// `2xx` and so on, or `none` where no reply came.
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRenewal {
    outcome: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let histogram = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("pocket"),
            calls: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            waited: histogram(),
            loading: histogram(),
            compiling: histogram(),
            requests: Family::default(),
            refusals: Family::default(),
            running: Gauge::default(),
            waiting: Gauge::default(),
            renewals: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("calls", "Calls that ended, by tool and by code", self.calls.clone());
        let seconds = || Unit::Seconds;
        to.register_with_unit("call", "How long guests ran", seconds(), self.took.clone());
        to.register_with_unit(
            "call_waited",
            "How long calls waited for a place",
            seconds(),
            self.waited.clone(),
        );
        to.register_with_unit(
            "loading",
            "How long the compiled code of a tool was loaded",
            seconds(),
            self.loading.clone(),
        );
        to.register_with_unit(
            "compiling",
            "How long a tool was compiled",
            seconds(),
            self.compiling.clone(),
        );
        to.register(
            "outbound_requests",
            "Requests that tools sent, by the first digit of the reply's status",
            self.requests.clone(),
        );
        to.register("refusals", "Requests of tools that were refused", self.refusals.clone());
        to.register("guests_running", "Calls whose guests run now", self.running.clone());
        to.register("calls_waiting", "Calls that wait for a place now", self.waiting.clone());
        to.register(
            "token_renewals",
            "Renewals of tokens since the process began, by how they ended",
            self.renewals.clone(),
        );
    }

    pub(super) fn call(&self, ended: &Ended, story: &Story) {
        // A name that no tool has is whatever somebody wrote: each would stay here for ever.
        let tool = story.tool.as_ref().map_or("none", |tool| tool.name.as_str()).to_owned();
        let code = ended.code.as_str();
        self.calls
            .get_or_create(&OfCall {
                tool: tool.clone(),
                code,
            })
            .inc();
        for request in story.requests() {
            let status = class(request.status);
            self.requests
                .get_or_create(&OfRequest {
                    tool: tool.clone(),
                    status,
                })
                .inc();
        }
        let refused = story.refusals().count() as u64;
        if refused > 0 {
            self.refusals
                .get_or_create(&OfTool { tool: tool.clone() })
                .inc_by(refused);
        }
        let Some(usage) = ended.usage() else { return };
        if usage.wall_us > 0 {
            self.took
                .get_or_create(&OfTool { tool })
                .observe(seconds(usage.wall_us));
            self.waited.observe(seconds(usage.waited_us));
        }
        match (story.step(CallStep::Compiling), story.step(CallStep::Loading)) {
            (Some(_compiled), _) => self.compiling.observe(seconds(usage.loading_us)),
            (None, Some(_loaded)) => self.loading.observe(seconds(usage.loading_us)),
            (None, None) => {}
        }
    }

    /// All of it, as Prometheus reads it, with what goes on now.
    pub(crate) fn text(&self, now: Counts) -> Option<String> {
        self.running.set(now.running.into());
        self.waiting.set(now.waiting.into());
        let renewals = |outcome, count: u64| {
            let of = OfRenewal { outcome };
            self.renewals
                .get_or_create(&of)
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        renewals("made", now.renewals.made);
        renewals("failed", now.renewals.failed);
        let mut text = String::new();
        encode(&mut text, &self.registry).ok()?;
        Some(text)
    }
}

const fn class(status: Option<u16>) -> &'static str {
    match status {
        None => "none",
        Some(100..=199) => "1xx",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(_) => "5xx",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a time of 2^52 us is 142 years")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
