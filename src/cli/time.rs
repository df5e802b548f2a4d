//! Times as people say them.

use undream::Time;

/// Beyond so many days, the date says more than the distance.
const DAYS_MAX: i64 = 60;

/// How long before `now` it was: `3 d ago`, or the date of what is long past or yet to come.
pub(crate) fn ago(then: Time, now: Time) -> String {
    let seconds = now.as_seconds() - then.as_seconds();
    match distance(seconds) {
        Some(text) if text == "now" => text,
        Some(text) => format!("{text} ago"),
        None => date(then),
    }
}

/// How long it has been so: `since 3 d`.
pub(crate) fn since(then: Time, now: Time) -> String {
    match distance(now.as_seconds() - then.as_seconds()) {
        Some(text) => format!("since {text}"),
        None => format!("since {}", date(then)),
    }
}

fn distance(seconds: i64) -> Option<String> {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    Some(match seconds {
        0 => "now".to_owned(),
        1..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ if seconds >= DAY && seconds / DAY <= DAYS_MAX => format!("{} d", seconds / DAY),
        _ => return None,
    })
}

fn date(time: Time) -> String {
    let text = time.to_string();
    text.split_once('T').map_or(text.clone(), |(date, _)| date.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_told_in_its_largest_unit() {
        let now = Time::parse("2026-03-31T12:00:00Z").unwrap();
        let told = |text: &str| ago(Time::parse(text).unwrap(), now);
        assert_eq!(told("2026-03-31T12:00:00Z"), "now");
        assert_eq!(told("2026-03-31T11:59:01Z"), "59 s ago");
        assert_eq!(told("2026-03-31T11:01:00Z"), "59 min ago");
        assert_eq!(told("2026-03-28T13:00:00Z"), "2 d ago");
        assert_eq!(told("2025-12-31T13:00:00Z"), "2025-12-31");
        assert_eq!(told("2026-04-02T00:00:00Z"), "2026-04-02");
        assert_eq!(since(Time::parse("2026-03-31T09:00:00Z").unwrap(), now), "since 3 h");
    }
}
