//! What became of a client: what it asked for, what it got, and how long that took.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// Longer than a busy machine makes a client take for nothing: until it has a value, and until it ends.
const NOTICED: Duration = Duration::from_millis(500);
const NOTICED_AT_END: Duration = Duration::from_millis(900);

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A request in the access log.
#[derive(Deserialize)]
pub(super) struct Request {
    /// In RFC 3339, UTC.
    time: String,
    peer: String,
    imds: String,
    method: String,
    status: u16,
}

pub(super) struct Outcome {
    pub(super) requests: Vec<Request>,
    /// Whether it got what it asked for.
    pub(super) succeeds: bool,
    /// Whether it asked S3 without a signature.
    pub(super) is_unsigned: bool,
    /// How long it may run, where it was ended because it would not end.
    pub(super) hangs_after: Option<u64>,
    /// When it ended, in milliseconds of the day.
    pub(super) end: u64,
}

impl Request {
    pub(super) fn is_over_ipv6(&self) -> bool {
        self.peer.starts_with('[')
    }

    fn is_v1(&self) -> bool {
        self.imds == "v1"
    }

    /// Milliseconds of the day.
    fn at(&self) -> Result<u64> {
        let (_, time) = self.time.split_once('T').context("a time has a T")?;
        let mut parts = time.trim_end_matches('Z').split(':');
        let mut next = || parts.next().context("hours, minutes and seconds");
        let (hours, minutes) = (next()?.parse::<u64>()?, next()?.parse::<u64>()?);
        let (seconds, millis) = next()?.split_once('.').context("milliseconds")?;
        let seconds = (hours * 60 + minutes) * 60 + seconds.parse::<u64>()?;
        Ok(seconds * 1000 + millis.parse::<u64>()?)
    }
}

/// When the sink says that the client ended, in milliseconds of the day.
pub(super) fn end(printed: &str) -> Result<u64> {
    let mut lines = printed.lines().filter_map(|line| line.strip_prefix("sink: ended at "));
    Ok(lines.next().context("nobody said when it ended")?.parse::<u64>()? % DAY)
}

/// From one time of the day to the next one.
fn between(first: u64, second: u64) -> Duration {
    Duration::from_millis((second + DAY - first) % DAY)
}

pub(super) fn requests(log: &str) -> Result<Vec<Request>> {
    // The service logs requests only.
    log.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

impl Outcome {
    pub(super) fn uses_v1(&self) -> bool {
        self.requests.iter().any(Request::is_v1)
    }

    /// From its first request until its end.
    pub(super) fn duration(&self) -> Result<Duration> {
        let first = self.requests.first().map_or(Ok(self.end), Request::at)?;
        Ok(between(first, self.end))
    }

    /// From its first request until its first value without a token; else until the last refusal, or its end.
    fn wait(&self) -> Result<Duration> {
        let Some(first) = self.requests.first() else { return Ok(Duration::ZERO) };
        let is_value = |it: &&Request| it.is_v1() && it.method == "GET" && it.status == 200;
        // After a refusal it has no reason to wait.
        let is_answered = |it: &&Request| it.method != "PUT";
        let value = self.requests.iter().find(is_value);
        let end = value.or(self.requests.last().filter(is_answered));
        Ok(between(first.at()?, end.map_or(Ok(self.end), Request::at)?))
    }

    /// The cell of a table.
    pub(super) fn cell(&self) -> Result<String> {
        let puts = self.requests.iter().filter(|request| request.method == "PUT").count();
        let requests = match puts {
            0 | 1 => String::new(),
            many => format!(", {many} `PUT`"),
        };
        if let Some(seconds) = self.hangs_after {
            return Ok(format!("waits for more than {seconds} s{requests}"));
        }
        let uses_v1 = self.requests.iter().any(|it| it.is_v1() && it.status == 200);
        let what = match (self.succeeds, uses_v1, self.is_unsigned) {
            (true, false, _) => "IMDSv2",
            (true, true, _) => "IMDSv1",
            (false, _, true) => "sends unsigned requests",
            (false, _, false) => "**fails**",
        };
        let wait = self.wait()?;
        let is_noticed = match what {
            "IMDSv2" => false,
            "IMDSv1" => wait >= NOTICED,
            _ => wait >= NOTICED_AT_END,
        };
        let seconds = wait.as_secs_f64();
        Ok(if is_noticed { format!("{what} after {seconds:.0} s{requests}") } else { what.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(log: &str, succeeds: bool, end: u64) -> Outcome {
        let requests = requests(log).unwrap();
        Outcome { requests, succeeds, is_unsigned: false, hangs_after: None, end }
    }

    #[test]
    fn the_wait_is_that_for_the_first_value_or_for_the_end() {
        let put = r#"{"time":"2026-01-01T23:59:59.500Z","peer":"1.2.3.4:5","imds":"v2","method":"PUT","status":200}"#;
        let get = r#"{"time":"2026-01-02T00:00:00.700Z","peer":"[::1]:5","imds":"v1","method":"GET","status":200}"#;
        let cell = |log: &str, succeeds, end| outcome(log, succeeds, end).cell().unwrap();
        assert_eq!(cell(&format!("{put}\n{get}\n"), true, 9000), "IMDSv1 after 1 s");
        assert_eq!(cell(&format!("{put}\n{put}\n"), false, 9500), "**fails** after 10 s, 2 `PUT`");
        let refused = get.replace("200", "401");
        assert_eq!(cell(&format!("{put}\n{refused}\n"), false, 9000), "**fails** after 1 s");
        assert_eq!(cell(get, true, 9000), "IMDSv1");
        assert_eq!(cell(put, true, 9000), "IMDSv2");
        assert!(requests(get).unwrap()[0].is_over_ipv6());
        assert_eq!(
            end("x
sink: ended at 86400900
sink: unsigned
")
            .unwrap(),
            900
        );
    }
}
