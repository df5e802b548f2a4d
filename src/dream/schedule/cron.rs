//! Cron patterns in a time zone.

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::clock::Time;
use crate::error::{Error, Result};

/// A pattern of five fields (minute, hour, day of month, month, day of week) and the time zone whose
/// clocks it is read off.
///
/// Where clocks are put forward, a time of day that is left out comes at the first moment after
/// the gap; where they are put back, a time of day comes once, the first time. Patterns with a `*`
/// or a step in the minutes or hours follow the clock as it goes.
pub(super) struct Calendar {
    pattern: Cron,
    zone: TimeZone,
}

impl Calendar {
    /// # Errors
    /// `Invalid` if either is malformed or unknown.
    pub(super) fn new(pattern: &str, zone: &str) -> Result<Self> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        let pattern = parser.build().parse(pattern).map_err(|error| {
            let why = "is no cron pattern of five fields such as `30 2 * * *`";
            Error::invalid(format!("`{pattern}` {why}: {error}")).with_source(error)
        })?;
        let zone = TimeZone::get(zone).map_err(|error| {
            let why = "is no time zone such as UTC or Europe/Berlin";
            Error::invalid(format!("`{zone}` {why}")).with_source(error)
        })?;
        Ok(Self { pattern, zone })
    }

    /// The first due time after `time`; `None` if there is none before the calendar ends.
    pub(super) fn next_after(&self, time: Time) -> Result<Option<Time>> {
        // Due times are whole seconds, so the first one after the second that holds `time` is the
        // first after `time`.
        match self.pattern.find_next_occurrence(&self.local(time)?, false) {
            Ok(next) => Ok(Some(Time::from_micros(next.timestamp().as_microsecond()))),
            Err(CronError::TimeSearchLimitExceeded) => Ok(None),
            Err(error) => {
                let message = "the next due time cannot be told";
                Err(Error::invalid(message).with_source(error))
            }
        }
    }

    /// What clocks in the zone say at `time`, to the second.
    fn local(&self, time: Time) -> Result<Zoned> {
        let stamp = Timestamp::from_second(time.as_seconds())
            .map_err(|error| Error::invalid("the clock is out of range").with_source(error))?;
        Ok(stamp.to_zoned(self.zone.clone()))
    }
}
