//! One line of the audit log: who did what, and what came of it. Never a value.

use pocket_runtime::{Clock as _, OutboundRequest, SystemClock, shown_on_one_line};
use serde::Serialize;

use crate::{
    caller::{Caller, Owner},
    calls::{Call, Ended, Story},
};

/// What was done.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Record<'a> {
    /// A tool was called.
    Call(Box<CallRecord<'a>>),
    /// A user was sent to sign in.
    SignInBegun {
        #[serde(flatten)]
        who: Who,
        tool: &'a str,
        provider: &'a str,
    },
    /// A profile was signed out.
    SignedOut {
        #[serde(flatten)]
        who: Who,
        provider: &'a str,
    },
    /// The log could not be written for a while.
    Lost { time: String, records: u64 },
}

/// When, and by whose word.
#[derive(Serialize)]
pub(super) struct Who {
    time: String,
    profile: String,
    /// The id of the key.
    key: String,
}

#[derive(Serialize)]
pub(super) struct CallRecord<'a> {
    #[serde(flatten)]
    who: Who,
    call: String,
    tool: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes: &'a [String],
    code: pocket_runtime::Code,
    took_ms: u64,
    input_bytes: u64,
    output_bytes: u64,
    sent_bytes: u64,
    received_bytes: u64,
    requests: Vec<&'a OutboundRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<&'a str>,
}

impl Who {
    fn now(owner: &Owner) -> Self {
        Self {
            time: SystemClock.now().rfc3339(),
            profile: owner.profile().to_owned(),
            key: owner.key.to_string(),
        }
    }
}

pub(super) fn of_call<'a>(call: &'a Call, ended: &Ended, story: &'a Story) -> Record<'a> {
    let identity = story.tool.as_deref();
    let usage = ended.usage();
    let requests: Vec<_> = story.requests().collect();
    Record::Call(Box::new(CallRecord {
        who: Who::now(&call.owner),
        call: call.id.to_string(),
        // Where there is no such tool, it is what somebody wrote.
        tool: identity.map_or_else(
            || shown_on_one_line(&call.tool).chars().take(128).collect(),
            |identity| identity.name.to_string(),
        ),
        source: identity.and_then(|identity| identity.source.as_deref()),
        digest: identity
            .and_then(|identity| identity.digest)
            .map(|digest| digest.to_string()),
        provider: identity.and_then(|identity| identity.provider.as_deref()),
        scopes: identity.map(|identity| &*identity.scopes).unwrap_or_default(),
        code: ended.code,
        took_ms: call.took_ms(),
        input_bytes: usage.map_or(0, |usage| usage.input_bytes),
        output_bytes: usage.map_or(0, |usage| usage.output_bytes),
        sent_bytes: requests.iter().map(|request| request.sent_bytes).sum(),
        received_bytes: requests.iter().map(|request| request.received_bytes).sum(),
        requests,
        refused: story.refusals().collect(),
    }))
}

pub(super) fn of_sign_in<'a>(caller: &Caller, tool: &'a str, provider: &'a str) -> Record<'a> {
    Record::SignInBegun {
        who: Who::now(&caller.owner()),
        tool,
        provider,
    }
}

pub(super) fn of_sign_out<'a>(caller: &Caller, provider: &'a str) -> Record<'a> {
    Record::SignedOut {
        who: Who::now(&caller.owner()),
        provider,
    }
}

pub(super) fn of_lost(records: u64) -> Record<'static> {
    Record::Lost {
        time: SystemClock.now().rfc3339(),
        records,
    }
}
