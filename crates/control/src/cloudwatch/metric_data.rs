//! `GetMetricData`
//!
//! Pages are cut in the order of queries and, in each, of their data points; the token says how many data
//! points there were before.

use std::collections::HashSet;

use imds_core::AccountId;
use imds_core::placement::Region;
use imds_ec2::Fault;
use imds_ec2::Member;
use imds_ec2::cloudwatch::{
    Flag, GetMetricData, Integer, MetricDataQuery, MetricStat, required, validation,
};

use super::Outcome;
use super::series::{Series, Statistic, Times, is_period, timestamp};
use crate::history::History;

/// The most queries of a request.
const MOST_QUERIES: usize = 500;

/// The most data points of a page.
const MOST_POINTS: u64 = 100_800;

/// What a query is for.
struct Query<'a> {
    id: &'a str,
    label: &'a str,
    /// `None`: a metric that has no values.
    series: Option<Series>,
    statistic: Statistic,
    period: u64,
    is_returned: bool,
}

pub(super) fn get(
    history: &History,
    region: &Region,
    account: &AccountId,
    request: &GetMetricData,
) -> Outcome {
    let times = Times::read(request.start_time.as_ref(), request.end_time.as_ref())?;
    if times.start == times.end {
        return Err(validation("The parameter StartTime must not equal parameter EndTime."));
    }
    if times.start > times.end {
        return Err(validation("The parameter StartTime must be less than the parameter EndTime."));
    }
    let is_ascending = match request.scan_by.as_deref() {
        None | Some("TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(other) => {
            return Err(validation(format!(
                "The value {other} for parameter ScanBy is invalid: \
                 there are TimestampDescending and TimestampAscending."
            )));
        }
    };
    let most = request.max_datapoints.as_ref().map(|most| most.positive("MaxDatapoints"));
    let most = most.transpose()?.unwrap_or(MOST_POINTS).min(MOST_POINTS);
    let mut skipped = match request.next_token.as_deref().filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            Fault::client("InvalidNextToken", "The parameter NextToken is not one of a response.")
        })?,
    };
    let (before, mut left) = (skipped, most);
    let mut results = Vec::new();
    let mut is_whole = true;
    for query in queries(&request.metric_data_queries, account)? {
        if !query.is_returned {
            continue;
        }
        let points =
            query.series.as_ref().map(|it| it.points(history, region, times, query.period));
        let points = points.unwrap_or_default().into_iter();
        let mut points: Vec<_> =
            points.map(|(time, extent)| (time, query.statistic.of(extent))).collect();
        if !is_ascending {
            points.reverse();
        }
        let count = points.len() as u64;
        let skip = skipped.min(count);
        let take = left.min(count - skip);
        (skipped, left) = (skipped - skip, left - take);
        is_whole &= skip + take == count;
        let page = points.into_iter().skip(index(skip)).take(index(take));
        results.push(Member::Members(result(&query, page, skip + take == count)));
    }
    let mut members = vec![("MetricDataResults", Member::List(results))];
    if !is_whole {
        members.push(("NextToken", Member::Text((before + most).to_string())));
    }
    members.push(("Messages", Member::List(Vec::new())));
    Ok(members)
}

fn result(
    query: &Query<'_>,
    points: impl Iterator<Item = (u64, f64)>,
    is_complete: bool,
) -> Vec<(&'static str, Member)> {
    let points = points.map(|(time, value)| (Member::Time(timestamp(time)), Member::Float(value)));
    let (times, values) = points.unzip();
    let status = if is_complete { "Complete" } else { "PartialData" };
    vec![
        ("Id", query.id.into()),
        ("Label", query.label.into()),
        ("Timestamps", Member::List(times)),
        ("Values", Member::List(values)),
        ("StatusCode", status.into()),
    ]
}

fn queries<'a>(
    queries: &'a [MetricDataQuery],
    account: &AccountId,
) -> Result<Vec<Query<'a>>, Fault> {
    if queries.is_empty() {
        required(None, "MetricDataQueries")?;
    }
    if queries.len() > MOST_QUERIES {
        let count = queries.len();
        return Err(validation(format!(
            "The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}; it has {count}."
        )));
    }
    let mut ids = HashSet::new();
    let query = |query: &'a MetricDataQuery| {
        let read = read(query, account)?;
        let is_new = ids.insert(read.id);
        let twice = || {
            validation(format!(
                "The values for parameter id in MetricDataQueries are not unique: {}.",
                read.id
            ))
        };
        is_new.then_some(()).ok_or_else(twice)?;
        Ok(read)
    };
    queries.iter().map(query).collect()
}

fn read<'a>(query: &'a MetricDataQuery, account: &AccountId) -> Result<Query<'a>, Fault> {
    let id = required(query.id.as_ref(), "MetricDataQueries.Id")?;
    let rest = id.strip_prefix(|c: char| c.is_ascii_lowercase());
    if !rest.is_some_and(|it| it.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        return Err(validation(format!(
            "The value {id} for parameter MetricDataQueries.Id is not matching the expected pattern \
             ^[a-z][a-zA-Z0-9_]*$."
        )));
    }
    if query.expression.is_some() {
        return Err(validation(format!(
            "Error in expression '{id}': this CloudWatch has no expressions; give a MetricStat instead."
        )));
    }
    let MetricStat { metric, period, stat, unit } =
        query.metric_stat.as_ref().ok_or_else(|| {
            validation(format!("The query {id} must have either a MetricStat or an Expression."))
        })?;
    let metric = metric.clone().unwrap_or_default();
    let namespace = required(metric.namespace.as_ref(), "MetricStat.Metric.Namespace")?;
    let name = query.metric_stat.as_ref().and_then(|stat| stat.metric.as_ref());
    let name = required(
        name.and_then(|metric| metric.metric_name.as_ref()),
        "MetricStat.Metric.MetricName",
    )?;
    let period = Integer::required(period.as_ref(), "MetricStat.Period")?;
    if !is_period(period) {
        return Err(validation("The period must be 1, 5, 10, 20, 30 or a multiple of 60."));
    }
    let stat = required(stat.as_ref(), "MetricStat.Stat")?;
    let statistic = Statistic::find(stat).ok_or_else(|| {
        validation(format!(
            "The value {stat} for parameter MetricStat.Stat is not supported: \
             there are SampleCount, Average, Sum, Minimum and Maximum."
        ))
    })?;
    let is_own = query.account_id.as_ref().is_none_or(|id| id == account.as_str());
    let series = Series::find(namespace, name, &metric.dimensions, unit.as_deref());
    Ok(Query {
        id,
        label: query.label.as_deref().unwrap_or(name),
        series: series.filter(|_| is_own),
        statistic,
        period,
        is_returned: query.return_data.as_ref().is_none_or(Flag::is_set),
    })
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
