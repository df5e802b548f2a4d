//! How one names an instant: dates, clock times, and words such as `yesterday` or `3 days ago`.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

use crate::clock::Time;
use crate::error::{Error, Result};

/// Which instant of a bare date is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Edge {
    /// Its first instant.
    Start,
    /// Its last microsecond.
    End,
}

/// The instant that `text` names, seen from `now` in the time zone of this machine. A bare date
/// means the `edge` of that local day.
///
/// # Errors
/// `Invalid` with the forms that are understood.
pub(crate) fn instant(text: &str, now: Time, edge: Edge) -> Result<Time> {
    let zone = TimeZone::system();
    let here = Timestamp::from_microsecond(now.as_micros())
        .map_err(|error| Error::invalid("the clock is out of range").with_source(error))?
        .to_zoned(zone);
    let text = text.trim().to_lowercase();
    read(&text, &here, edge)
        .map(|stamp| Time::from_micros(stamp.as_microsecond()))
        .ok_or_else(|| unknown(&text))
}

fn unknown(text: &str) -> Error {
    Error::invalid(format!(
        "`{text}` names no time; use 2026-03-01, 2026-03-01T12:00:00Z, `2026-03-01 14:30`, \
         `yesterday`, `last tuesday` or `3 days ago`"
    ))
}

fn read(text: &str, here: &Zoned, edge: Edge) -> Option<Timestamp> {
    if let Ok(stamp) = text.to_uppercase().parse::<Timestamp>() {
        return Some(stamp);
    }
    // A date parses as a local time too, and the other way round: the colon tells them apart.
    if text.contains(':') {
        let local = text.to_uppercase().replace(' ', "T").parse::<DateTime>().ok()?;
        return Some(local.to_zoned(here.time_zone().clone()).ok()?.timestamp());
    }
    if text == "now" {
        return Some(here.timestamp());
    }
    if let Some(date) = day(text, here) {
        return edge_of(date, here, edge);
    }
    ago(text, here)
}

/// `3 days ago`, `an hour ago`.
fn ago(text: &str, here: &Zoned) -> Option<Timestamp> {
    let mut words = text.strip_suffix(" ago")?.split_whitespace();
    let count: i64 = match words.next()? {
        "a" | "an" => 1,
        number => number.parse().ok().filter(|count| (0..100_000).contains(count))?,
    };
    let span: Span = match words.next()?.trim_end_matches('s') {
        "second" | "sec" => count.seconds(),
        "minute" | "min" => count.minutes(),
        "hour" => count.hours(),
        "day" => count.days(),
        "week" => count.weeks(),
        "month" => count.months(),
        "year" => count.years(),
        _ => return None,
    };
    words.next().is_none().then_some(())?;
    Some(here.checked_sub(span).ok()?.timestamp())
}

fn weekday(name: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    days.into_iter().find(|(full, _)| *full == name || full[..3] == *name).map(|(_, day)| day)
}

/// The day that a bare date names.
fn day(text: &str, here: &Zoned) -> Option<Date> {
    match text {
        "today" => Some(here.date()),
        "yesterday" => here.date().yesterday().ok(),
        _ => match text.strip_prefix("last ").and_then(weekday) {
            Some(day) => here.date().nth_weekday(-1, day).ok(),
            None => text.parse().ok(),
        },
    }
}

/// The first instant or the last microsecond of `date` in the zone of `here`.
fn edge_of(date: Date, here: &Zoned, edge: Edge) -> Option<Timestamp> {
    let midnight = |date: Date| Some(date.to_zoned(here.time_zone().clone()).ok()?.timestamp());
    match edge {
        Edge::Start => midnight(date),
        Edge::End => midnight(date.tomorrow().ok()?)?.checked_sub(1.microsecond()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        from(text, Edge::End)
    }

    fn from(text: &str, edge: Edge) -> String {
        let here: Zoned = "2026-03-31T14:30:00+02:00[Europe/Berlin]".parse().unwrap();
        read(text, &here, edge).map_or_else(|| "none".to_owned(), |stamp| stamp.to_string())
    }

    #[test]
    fn a_day_begins_at_its_local_midnight() {
        assert_eq!(from("2026-03-30", Edge::Start), "2026-03-29T22:00:00Z");
        assert_eq!(from("2026-03-29", Edge::Start), "2026-03-28T23:00:00Z");
        assert_eq!(from("last tuesday", Edge::Start), "2026-03-23T23:00:00Z");
        assert_eq!(from("an hour ago", Edge::Start), at("an hour ago"));
    }

    #[test]
    fn a_bare_date_is_the_end_of_that_local_day() {
        assert_eq!(at("2026-03-30"), "2026-03-30T21:59:59.999999Z");
        assert_eq!(at("yesterday"), at("2026-03-30"));
        assert_eq!(at("last tuesday"), at("2026-03-24"));
        assert_eq!(at("last mon"), at("2026-03-30"));
    }

    #[test]
    fn a_day_of_the_clock_change_is_as_long_as_it_is() {
        assert_eq!(at("2026-03-28"), "2026-03-28T22:59:59.999999Z");
        assert_eq!(at("2026-03-29"), "2026-03-29T21:59:59.999999Z");
        assert_eq!(at("3 days ago"), "2026-03-28T13:30:00Z");
    }

    #[test]
    fn instants_and_local_times_are_understood_and_nonsense_is_not() {
        assert_eq!(at("2026-03-01t12:00:00z"), "2026-03-01T12:00:00Z");
        assert_eq!(at("2026-03-01 12:00"), "2026-03-01T11:00:00Z");
        assert_eq!(at("an hour ago"), "2026-03-31T11:30:00Z");
        for bad in ["", "soon", "3 days", "last", "last year", "1 day ago or so", "2026-13-01"] {
            assert_eq!(at(bad), "none", "{bad:?}");
        }
    }
}
