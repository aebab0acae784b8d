//! Requests of the past: how many used `IMDSv1` and `IMDSv2`, and how many tokens were lost.

use imds_account::clock::unix_ms;
use imds_control::Control;
use imds_control::history::Traffic;
use imds_core::time::iso8601;
use serde::Serialize;

use crate::error::Refused;
use crate::query::Query;

/// The longest past that is kept, in hours: 15 days.
const MOST_HOURS: u32 = 15 * 24;

const HOUR: u32 = 60;

/// A minute, or an hour of the farther past.
#[derive(Debug, Serialize)]
pub(crate) struct Interval {
    pub(crate) start: String,
    pub(crate) minutes: u32,
    #[serde(flatten)]
    pub(crate) counted: Traffic,
}

/// The past until now.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryFacts {
    pub(crate) hours: u32,
    /// Those in which the service ran, in order.
    pub(crate) intervals: Vec<Interval>,
}

/// Equal parts of the past, for a chart.
pub(crate) struct Parts {
    /// The first minute of the first part, counted from 1970.
    pub(crate) start: u32,
    /// How many minutes a part has.
    pub(crate) minutes: u32,
    pub(crate) counted: Vec<Traffic>,
}

/// How many hours a query is about; 1 if it does not say.
pub(crate) fn hours(query: &Query) -> Result<u32, Refused> {
    let Some(text) = query.get("hours").filter(|text| !text.is_empty()) else { return Ok(1) };
    let hours = text.parse().ok().filter(|hours| (1..=MOST_HOURS).contains(hours));
    hours.ok_or_else(|| {
        Refused::bad_request(format!("hours is a number from 1 to {MOST_HOURS}, not {text:?}"))
    })
}

/// The past of so many hours, by the minute or by the hour as it is kept.
pub(crate) fn read(control: &Control, hours: u32) -> HistoryFacts {
    let intervals = intervals(control, hours).into_iter().map(|(minute, minutes, counted)| {
        Interval { start: iso8601(u64::from(minute) * 60), minutes, counted }
    });
    HistoryFacts { hours, intervals: intervals.collect() }
}

/// The same in equal parts, at most 60.
pub(crate) fn parts(control: &Control, hours: u32) -> Parts {
    let minutes = match hours {
        // What is kept by the hour must not look like a peak.
        ..=3 => hours,
        4..=60 => HOUR,
        _ => hours.div_ceil(60) * HOUR,
    };
    let count = (hours * HOUR).div_ceil(minutes);
    // The last part is the one that runs.
    let end = (minute_now() / minutes + 1) * minutes;
    let start = end.saturating_sub(count * minutes);
    let mut counted = vec![Traffic::default(); count as usize];
    for (minute, _, more) in intervals(control, hours) {
        let at = minute.checked_sub(start).map(|since| (since / minutes) as usize);
        if let Some(part) = at.and_then(|at| counted.get_mut(at)) {
            *part += more;
        }
    }
    Parts { start, minutes, counted }
}

fn intervals(control: &Control, hours: u32) -> Vec<(u32, u32, Traffic)> {
    control.history.refresh(unix_ms() / 1000);
    let now = minute_now();
    let minutes = now.saturating_sub(hours * HOUR)..now + 1;
    control.history.traffic(&minutes)
}

fn minute_now() -> u32 {
    u32::try_from(unix_ms() / 60_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_within_what_is_kept() {
        for (query, expected) in
            [("", Some(1)), ("hours=", Some(1)), ("hours=360", Some(360)), ("hours=24", Some(24))]
        {
            assert_eq!(hours(&Query::parse(query)).ok(), expected, "{query}");
        }
        for query in ["hours=0", "hours=361", "hours=-1", "hours=x"] {
            assert_eq!(hours(&Query::parse(query)).unwrap_err().status, 400, "{query}");
        }
    }
}
