//! The values of a metric, put together by periods.

use std::collections::BTreeMap;

use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_ec2::cloudwatch::{Dimension, Time};
use imds_ec2::{Fault, Timestamp};

use super::outcome::{NAMESPACE, UNIT};
use crate::history::{Extent, History, Metric};

/// The dimension that names an instance.
pub(super) const INSTANCE_ID: &str = "InstanceId";

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// A metric that there is; its instance, or all of the Region.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Series {
    pub(super) metric: Metric,
    pub(super) instance: Option<InstanceId>,
}

/// When, in seconds since 1970; the end is not included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Times {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// A statistic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

impl Series {
    /// The metric of this name and unit with exactly these dimensions, if there can be one.
    pub(super) fn find(
        namespace: &str,
        name: &str,
        dimensions: &[Dimension],
        unit: Option<&str>,
    ) -> Option<Self> {
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == name)?;
        let instance = match dimensions {
            [] => None,
            [Dimension { name: Some(name), value: Some(id) }] if name == INSTANCE_ID => {
                Some(id.parse().ok()?)
            }
            _ => return None,
        };
        let is_ours = namespace == NAMESPACE && unit.is_none_or(|unit| unit == UNIT);
        is_ours.then_some(Self { metric, instance })
    }

    /// Its values by periods of so many seconds that begin at the start, each with its first second.
    ///
    /// What is kept by the hour only has values for periods of whole hours, as `CloudWatch` has none by the minute of
    /// what is long ago.
    pub(super) fn points(
        &self,
        history: &History,
        region: &Region,
        times: Times,
        period: u64,
    ) -> BTreeMap<u64, Extent> {
        let minute = |seconds: u64| u32::try_from(seconds.div_ceil(MINUTE)).unwrap_or(u32::MAX);
        let minutes = minute(times.start)..minute(times.end);
        let mut points: BTreeMap<u64, Extent> = BTreeMap::new();
        for sample in history.samples(region, self.instance.as_ref(), self.metric, &minutes) {
            if sample.minutes > 1 && !period.is_multiple_of(HOUR) {
                continue;
            }
            let second = u64::from(sample.minute) * MINUTE;
            let begin = times.start + (second - times.start) / period * period;
            *points.entry(begin).or_default() += sample.extent;
        }
        points
    }
}

impl Times {
    /// The start goes back to a whole minute, as `CloudWatch` has it.
    pub(super) fn read(start: Option<&Time>, end: Option<&Time>) -> Result<Self, Fault> {
        let start = Time::required(start, "StartTime")?;
        let end = Time::required(end, "EndTime")?;
        Ok(Self { start: start / MINUTE * MINUTE, end })
    }
}

impl Statistic {
    /// By its name; none for percentiles and the like.
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "CloudWatch's values are of this type")]
    pub(super) fn of(self, extent: Extent) -> f64 {
        let Extent { count, sum, min, max } = extent;
        match self {
            Self::SampleCount => count as f64,
            Self::Average => sum as f64 / count.max(1) as f64,
            Self::Sum => sum as f64,
            Self::Minimum => min as f64,
            Self::Maximum => max as f64,
        }
    }
}

/// Whether a period is one of those that `CloudWatch` has.
pub(super) fn is_period(seconds: u64) -> bool {
    matches!(seconds, 1 | 5 | 10 | 20 | 30) || seconds.is_multiple_of(MINUTE)
}

pub(super) fn timestamp(seconds: u64) -> Timestamp {
    let unix_ms = i64::try_from(seconds.saturating_mul(1000)).ok();
    unix_ms.and_then(Timestamp::from_unix_ms).unwrap_or_default()
}
