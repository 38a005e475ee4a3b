//! A code that the user enters elsewhere, and when the provider is asked about it next.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    auth::{flow::device::DeviceCode, wire},
    base::{clock::UnixTime, secret::Secret},
};

/// How much later each question comes from then on, where the provider says `slow_down` (RFC 8628 section 3.5).
const SLOWER: u64 = 5;
/// How long a question may take: whoever asks has until then, and another asks after that.
const QUESTION: u64 = 20;
/// The longest pause after questions that nobody answered, unless the provider asks for a longer one.
const LONGEST_PAUSE: u64 = 60;
/// A next question later than this was set by a clock that has gone back since.
const LATEST: Duration = Duration::from_secs(3_700);

/// A code that the user enters elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::auth) struct Device {
    #[serde(serialize_with = "wire::secret")]
    pub(in crate::auth) code: Secret,
    pub(in crate::auth) user_code: String,
    pub(in crate::auth) page: String,
    /// The page with the code in it.
    pub(in crate::auth) complete_page: Option<String>,
    interval: u64,
    /// Questions in a row that nobody answered.
    failures: u32,
    next: UnixTime,
}

impl Device {
    /// The first question comes an interval after the code was given: nobody is faster than that.
    pub(in crate::auth) fn new(given: DeviceCode, now: UnixTime) -> Self {
        Self {
            code: given.device_code,
            user_code: given.user_code,
            page: given.verification_uri.into(),
            complete_page: given.verification_uri_complete.map(String::from),
            interval: given.interval.as_secs(),
            failures: 0,
            next: now.after(given.interval),
        }
    }

    /// Whether the provider is to be asked now.
    pub(in crate::auth) fn is_due(&self, now: UnixTime) -> bool {
        now >= self.next || self.next.since(now) > LATEST
    }

    /// Somebody asks: nobody else does until he is done, or cannot be any more.
    pub(in crate::auth) fn being_asked(&mut self, now: UnixTime) {
        self.next = now.after(Duration::from_secs(self.interval.max(QUESTION)));
    }

    /// The user has said nothing yet.
    pub(in crate::auth) fn answered(&mut self, now: UnixTime) {
        self.failures = 0;
        self.next = now.after(Duration::from_secs(self.interval));
    }

    /// The provider wants to be asked less often, for good.
    pub(in crate::auth) fn slowed_down(&mut self, now: UnixTime) {
        self.interval = self.interval.saturating_add(SLOWER);
        self.answered(now);
    }

    /// Nobody answered: twice the pause at each failure, and as long as the provider asks.
    pub(in crate::auth) fn failed(&mut self, now: UnixTime, retry_after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let doubled = self.interval.saturating_mul(1 << self.failures.min(6));
        let pause = doubled.min(LONGEST_PAUSE.max(self.interval));
        let pause = Duration::from_secs(pause).max(retry_after.unwrap_or_default());
        self.next = now.after(pause);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn device() -> Device {
        Device::new(
            DeviceCode {
                device_code: Secret::new("planted-device-code"),
                user_code: "WDJB-MJHT".to_owned(),
                verification_uri: "https://example.com/device".parse().unwrap(),
                verification_uri_complete: None,
                expires_in: Duration::from_secs(1_800),
                interval: Duration::from_secs(5),
            },
            UnixTime(1_000),
        )
    }

    #[test]
    fn f_50_a_provider_that_says_slow_down_is_asked_less_often_for_good() {
        let mut device = device();
        assert!(!device.is_due(UnixTime(1_004)));
        assert!(device.is_due(UnixTime(1_005)));
        device.slowed_down(UnixTime(1_005));
        assert!(!device.is_due(UnixTime(1_014)));
        assert!(device.is_due(UnixTime(1_015)));
        device.answered(UnixTime(1_015));
        assert!(!device.is_due(UnixTime(1_024)), "it stays so");
        device.slowed_down(UnixTime(1_025));
        assert!(!device.is_due(UnixTime(1_039)));
        assert!(device.is_due(UnixTime(1_040)));
    }

    #[test]
    fn f_53_a_network_that_is_lost_is_tried_ever_less_often_and_then_as_before() {
        let mut device = device();
        let mut pauses = Vec::new();
        for _again in 0..5 {
            device.failed(UnixTime(2_000), None);
            pauses.push(device.next.since(UnixTime(2_000)).as_secs());
        }
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
        device.failed(UnixTime(2_000), Some(Duration::from_secs(120)));
        assert!(!device.is_due(UnixTime(2_119)));
        device.answered(UnixTime(2_120));
        assert!(device.is_due(UnixTime(2_125)));
    }

    #[test]
    fn one_of_all_who_wait_asks_and_another_when_he_is_gone() {
        let mut device = device();
        device.being_asked(UnixTime(1_005));
        assert!(!device.is_due(UnixTime(1_024)));
        assert!(device.is_due(UnixTime(1_025)));
    }

    #[test]
    fn a_clock_that_goes_back_does_not_stop_it() {
        assert!(device().is_due(UnixTime(-10_000)));
    }

    #[test]
    fn f_55_the_code_that_is_as_good_as_the_token_is_not_shown() {
        let shown = format!("{:?}", device());
        assert!(shown.contains("WDJB-MJHT") && !shown.contains("planted"), "{shown}");
    }
}
