//! `GetMetricData`
//!
//! Pages are cut in the order of queries and, in each, of their data points. The token says how many data points
//! there were before, and when the first page was asked for: what came later is on none of its pages.

use std::collections::HashSet;

use imds_core::AccountId;
use imds_core::placement::Region;
use imds_ec2::Fault;
use imds_ec2::Member;
use imds_ec2::cloudwatch::{
    Flag, GetMetricData, Integer, MetricDataQuery, MetricStat, required, validation,
};

use super::outcome::{Outcome, unit_refusal};
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

/// Which part of the values a request is about.
struct Scan {
    times: Times,
    is_ascending: bool,
    /// How many data points earlier pages had.
    before: u64,
    /// The most data points of this page.
    most: u64,
    /// The first second that is on none of its pages.
    end: u64,
}

pub(super) fn get(
    history: &History,
    region: &Region,
    account: &AccountId,
    request: &GetMetricData,
    now: u64,
) -> Outcome {
    let scan = Scan::read(request, now)?;
    let (mut skipped, mut left) = (scan.before, scan.most);
    let mut results = Vec::new();
    let mut is_whole = true;
    for query in queries(&request.metric_data_queries, account)? {
        if !query.is_returned {
            continue;
        }
        let points = query.points(history, region, &scan);
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
        let before = scan.before.saturating_add(scan.most);
        members.push(("NextToken", Member::Text(format!("{before}:{}", scan.end))));
    }
    members.push(("Messages", Member::List(Vec::new())));
    Ok(members)
}

impl Scan {
    fn read(request: &GetMetricData, now: u64) -> Result<Self, Fault> {
        let times = Times::read(request.start_time.as_ref(), request.end_time.as_ref())?;
        if times.start == times.end {
            return Err(validation("The parameter StartTime must not equal parameter EndTime."));
        }
        if times.start > times.end {
            return Err(validation(
                "The parameter StartTime must be less than the parameter EndTime.",
            ));
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
        let token = request.next_token.as_deref().filter(|token| !token.is_empty());
        let (before, end) = match token {
            None => (0, now + 60 - now % 60),
            Some(token) => read_token(token).ok_or_else(|| {
                let message = "The parameter NextToken is not one of a response.";
                Fault::client("InvalidNextToken", message)
            })?,
        };
        let times = Times { end: times.end.min(end), ..times };
        Ok(Self { times, is_ascending, before, most, end })
    }
}

impl Query<'_> {
    /// All its data points, in the order of the request.
    fn points(&self, history: &History, region: &Region, scan: &Scan) -> Vec<(u64, f64)> {
        let series = self.series.as_ref();
        let points = series.map(|it| it.points(history, region, scan.times, self.period));
        let points = points.unwrap_or_default().into_iter();
        let points = points.map(|(time, extent)| (time, self.statistic.of(extent)));
        if scan.is_ascending { points.collect() } else { points.rev().collect() }
    }
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
    if let Some(refusal) = unit_refusal("MetricStat.Unit", unit.as_deref()) {
        return Err(validation(refusal));
    }
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

fn read_token(token: &str) -> Option<(u64, u64)> {
    let (skipped, end) = token.split_once(':')?;
    Some((skipped.parse().ok()?, end.parse().ok()?))
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
