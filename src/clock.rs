//! Time as a value: nothing below the faces asks the operating system what time it is.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An instant: microseconds since 1970-01-01T00:00:00 UTC, negative before.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub struct Time(i64);

impl Time {
    /// The instant `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant `seconds` seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads an ISO 8601 instant such as `2026-03-01T12:00:00Z`.
    ///
    /// # Errors
    /// `Invalid` if the text is no instant with an offset.
    pub fn parse(text: &str) -> Result<Self> {
        let stamp: jiff::Timestamp = text.trim().parse().map_err(|error: jiff::Error| {
            Error::invalid(format!("`{text}` is no ISO 8601 instant such as 2026-03-01T12:00:00Z"))
                .with_source(error)
        })?;
        Ok(Self(stamp.as_microsecond()))
    }
}

/// ISO 8601 in UTC with whole seconds, or microseconds where there are any.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

/// Where the time comes from. Pass [`SystemClock`] in production, [`FixedClock`] in tests.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The current instant.
    fn now(&self) -> Time;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Time {
        Time(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that starts at a given instant and moves by a fixed step each time it is read.
#[derive(Debug)]
pub struct FixedClock {
    next: AtomicI64,
    step: i64,
}

impl FixedClock {
    /// A clock that reads `start` first and advances by `step_micros` microseconds per reading.
    pub fn new(start: Time, step_micros: i64) -> Self {
        Self { next: AtomicI64::new(start.0), step: step_micros }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Time {
        Time(self.next.fetch_add(self.step, Ordering::Relaxed))
    }
}
