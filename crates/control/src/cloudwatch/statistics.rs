//! `GetMetricStatistics`

use imds_core::placement::Region;
use imds_ec2::Fault;
use imds_ec2::Member;
use imds_ec2::cloudwatch::{GetMetricStatistics, Integer, required};

use super::outcome::{Outcome, UNIT, unit_refusal};
use super::series::{Series, Statistic, Times, is_period, timestamp};
use crate::history::{Extent, History};

/// The most data points of a response.
const MOST_POINTS: u64 = 1440;

pub(super) fn get(history: &History, region: &Region, request: &GetMetricStatistics) -> Outcome {
    let namespace = required(request.namespace.as_ref(), "Namespace")?;
    let name = required(request.metric_name.as_ref(), "MetricName")?;
    let times = Times::read(request.start_time.as_ref(), request.end_time.as_ref())?;
    let period = Integer::required(request.period.as_ref(), "Period")?;
    let statistics = statistics(request)?;
    if times.start >= times.end {
        return Err(value("The parameter StartTime must be less than the parameter EndTime."));
    }
    if !is_period(period) {
        return Err(value("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60."));
    }
    if let Some(refusal) = unit_refusal("Unit", request.unit.as_deref()) {
        return Err(value(refusal));
    }
    let points = (times.end - times.start).div_ceil(period);
    if points > MOST_POINTS {
        return Err(Fault::invalid_parameter_combination(format!(
            "You have requested up to {points} datapoints, which exceeds the limit of {MOST_POINTS}. \
             You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )));
    }
    let series = Series::find(namespace, name, &request.dimensions, request.unit.as_deref());
    let points = series.map(|series| series.points(history, region, times, period));
    let points = points.unwrap_or_default().into_iter();
    let points =
        points.map(|(time, extent)| Member::Members(data_point(time, extent, &statistics)));
    Ok(vec![("Label", name.into()), ("Datapoints", Member::List(points.collect()))])
}

fn data_point(time: u64, extent: Extent, statistics: &[Statistic]) -> Vec<(&'static str, Member)> {
    let values = statistics.iter().map(|it| (it.name(), Member::Float(it.of(extent))));
    let time = ("Timestamp", Member::Time(timestamp(time)));
    [time].into_iter().chain(values).chain([("Unit", UNIT.into())]).collect()
}

fn statistics(request: &GetMetricStatistics) -> Result<Vec<Statistic>, Fault> {
    if let Some(name) = request.extended_statistics.first() {
        return Err(value(format!(
            "The value {name} for parameter ExtendedStatistics is not supported: \
             use Statistics with SampleCount, Average, Sum, Minimum or Maximum."
        )));
    }
    if request.statistics.is_empty() {
        return Err(Fault::invalid_parameter_combination(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        ));
    }
    let statistic = |name: &String| {
        Statistic::find(name).ok_or_else(|| {
            value(format!(
                "The value {name} for parameter Statistics is invalid: \
                 there are SampleCount, Average, Sum, Minimum and Maximum."
            ))
        })
    };
    let mut statistics = request.statistics.iter().map(statistic).collect::<Result<Vec<_>, _>>()?;
    // A name that comes twice is one member.
    statistics.sort_by_key(|it| *it as u8);
    statistics.dedup();
    Ok(statistics)
}

fn value(message: impl Into<String>) -> Fault {
    Fault::invalid_parameter_value(message)
}
