//! Requests. What a client must give, but did not, is `None`, so that the action can say so in its own words.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::input::{self, Flag, Integer, Time};
use super::{Address, Protocol, VERSION, cbor, fault};
use crate::fault::Fault;
use crate::json_body;
use crate::params::Params;

/// A request of any action.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Statistics of one metric.
    GetMetricStatistics(GetMetricStatistics),
    /// Statistics of many metrics.
    GetMetricData(GetMetricData),
    /// The metrics there are.
    ListMetrics(ListMetrics),
}

/// A name and value that tell a metric from others of its name.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct Dimension {
    /// Such as `InstanceId`.
    pub name: Option<String>,
    /// Such as `i-1234567890abcdef0`.
    pub value: Option<String>,
}

/// A dimension that a metric must have, with any value if none is said.
pub type DimensionFilter = Dimension;

/// Which metric.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct Metric {
    /// Such as `AWS/EC2`.
    pub namespace: Option<String>,
    /// Such as `MetadataNoToken`.
    pub metric_name: Option<String>,
    /// All of its dimensions.
    #[serde(deserialize_with = "json_body::list")]
    pub dimensions: Vec<Dimension>,
}

/// `GetMetricStatistics`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetMetricStatistics {
    /// Such as `AWS/EC2`.
    pub namespace: Option<String>,
    /// Such as `MetadataNoToken`.
    pub metric_name: Option<String>,
    /// All of the metric's dimensions.
    #[serde(deserialize_with = "json_body::list")]
    pub dimensions: Vec<Dimension>,
    /// The first time that is included.
    pub start_time: Option<Time>,
    /// The first time after it that is not.
    pub end_time: Option<Time>,
    /// Seconds of a data point.
    pub period: Option<Integer>,
    /// `SampleCount`, `Average`, `Sum`, `Minimum`, `Maximum`.
    pub statistics: Vec<String>,
    /// Percentiles.
    pub extended_statistics: Vec<String>,
    /// Only values in this unit.
    pub unit: Option<String>,
}

/// `GetMetricData`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetMetricData {
    /// What is asked for.
    #[serde(deserialize_with = "json_body::list")]
    pub metric_data_queries: Vec<MetricDataQuery>,
    /// The first time that is included.
    pub start_time: Option<Time>,
    /// The first time after it that is not.
    pub end_time: Option<Time>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// `TimestampDescending` or `TimestampAscending`.
    pub scan_by: Option<String>,
    /// The most data points of a page.
    pub max_datapoints: Option<Integer>,
}

/// One of the queries of `GetMetricData`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetricDataQuery {
    /// Names it in the response.
    pub id: Option<String>,
    /// A metric and its statistic.
    #[serde(deserialize_with = "json_body::member")]
    pub metric_stat: Option<MetricStat>,
    /// Metric math.
    pub expression: Option<String>,
    /// What people read.
    pub label: Option<String>,
    /// Whether its values are in the response; so unless it is said.
    pub return_data: Option<Flag>,
    /// The account whose metric it is.
    pub account_id: Option<String>,
}

/// A metric and its statistic.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetricStat {
    /// Which metric.
    #[serde(deserialize_with = "json_body::member")]
    pub metric: Option<Metric>,
    /// Seconds of a data point.
    pub period: Option<Integer>,
    /// One of the statistics.
    pub stat: Option<String>,
    /// Only values in this unit.
    pub unit: Option<String>,
}

/// `ListMetrics`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "PascalCase")]
pub struct ListMetrics {
    /// Only those of this namespace.
    pub namespace: Option<String>,
    /// Only those of this name.
    pub metric_name: Option<String>,
    /// Only those with these dimensions.
    #[serde(deserialize_with = "json_body::list")]
    pub dimensions: Vec<DimensionFilter>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// `PT3H`: only those with values in the last three hours.
    pub recently_active: Option<String>,
    /// Only those of this account.
    pub owning_account: Option<String>,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// `InvalidAction`, `SerializationException`, and in the Query protocol those of [`Params`].
    pub fn read(address: &Address, query: &str, body: &[u8]) -> Result<Self, Fault> {
        let (action, input) = match address.protocol {
            Protocol::Query => {
                let params = Params::parse(query.as_bytes(), body)?;
                input::of_params(&params.without(|name| name.starts_with("X-Amz-")))?
            }
            Protocol::Json if body.is_empty() => {
                (address.action.clone(), Value::Object(<_>::default()))
            }
            Protocol::Json => {
                let input = serde_json::from_slice(body);
                let input = input.map_err(|error| fault::serialization(error.to_string()))?;
                (address.action.clone(), input)
            }
            Protocol::Cbor => (address.action.clone(), cbor::read(body)?),
        };
        match action.as_str() {
            "GetMetricStatistics" => parsed(input).map(Self::GetMetricStatistics),
            "GetMetricData" => parsed(input).map(Self::GetMetricData),
            "ListMetrics" => parsed(input).map(Self::ListMetrics),
            _ => {
                let message = format!(
                    "Could not find operation {action} for version {VERSION}: there are \
                     GetMetricData, GetMetricStatistics and ListMetrics"
                );
                Err(Fault::client("InvalidAction", message))
            }
        }
    }

    /// The action's name.
    pub fn action(&self) -> &'static str {
        match self {
            Self::GetMetricStatistics(_) => "GetMetricStatistics",
            Self::GetMetricData(_) => "GetMetricData",
            Self::ListMetrics(_) => "ListMetrics",
        }
    }
}

fn parsed<T: DeserializeOwned>(input: Value) -> Result<T, Fault> {
    json_body::structure(input).map_err(|error| fault::serialization(error.to_string()))
}
