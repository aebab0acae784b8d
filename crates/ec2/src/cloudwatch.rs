//! The wire of Amazon `CloudWatch`: three actions, by the `CloudWatch` API Reference, in the three protocols
//! that clients speak.
//!
//! - AWS JSON 1.0, which boto3 and the AWS CLI speak since botocore 1.40: `X-Amz-Target` names the action;
//! - the Query protocol, which those before speak, and curl's `--aws-sigv4` can;
//! - Smithy RPC v2 CBOR, which AWS's SDKs for other languages speak: the path names the action.
//!
//! Sources: botocore's model of the service; Smithy 2.0, "AWS JSON 1.0 protocol", "AWS Query Compatible Trait"
//! and "Smithy RPC v2 CBOR protocol".

mod cbor;
mod fault;
mod input;
mod request;
mod response;

pub use fault::{auth_fault, validation};
pub use input::{Flag, Integer, Time, required};
pub use request::{
    Dimension, DimensionFilter, GetMetricData, GetMetricStatistics, ListMetrics, Metric,
    MetricDataQuery, MetricStat, Request,
};
pub use response::{Body, error, success};

use crate::form;

/// The only version there is.
pub const VERSION: &str = "2010-08-01";

/// The name that requests are signed for.
pub const SIGNING_NAME: &str = "monitoring";

/// The service's name in `X-Amz-Target`, and in paths.
const TARGET: &str = "GraniteServiceVersion20100801";

/// How a request is written, and its response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// Parameters, and XML.
    Query,
    /// AWS JSON 1.0.
    Json,
    /// Smithy RPC v2 CBOR.
    Cbor,
}

/// Who a request is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// How it is written.
    pub protocol: Protocol,
    /// The action that a header or the path names; none in the Query protocol.
    action: String,
}

impl Address {
    /// The address of a request for `CloudWatch`; `None` if it is for another service. `target` is the value of
    /// `X-Amz-Target`, or empty.
    pub fn of(target: &str, path: &str, query: &str, body: &[u8]) -> Option<Self> {
        let of = |protocol, action: &str| Self { protocol, action: action.to_owned() };
        if let Some(action) = target.strip_prefix(TARGET).and_then(|rest| rest.strip_prefix('.')) {
            return Some(of(Protocol::Json, action));
        }
        let operation =
            path.strip_prefix("/service/").and_then(|path| path.split_once("/operation/"));
        if let Some((TARGET, action)) = operation {
            return Some(of(Protocol::Cbor, action));
        }
        let mut pairs = form::pairs(query.as_bytes()).chain(form::pairs(body));
        let is_ours = pairs.any(|(name, value)| name == b"Version" && value == VERSION.as_bytes());
        is_ours.then(|| of(Protocol::Query, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_addresses_in_its_own_way() {
        let of = |target, path, query, body: &str| {
            Address::of(target, path, query, body.as_bytes()).map(|it| (it.protocol, it.action))
        };
        let json = of("GraniteServiceVersion20100801.ListMetrics", "/", "", "{}");
        assert_eq!(json, Some((Protocol::Json, "ListMetrics".to_owned())));
        let path = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
        assert_eq!(of("", path, "", ""), Some((Protocol::Cbor, "GetMetricData".to_owned())));
        let query = Some((Protocol::Query, String::new()));
        assert_eq!(of("", "/", "", "Action=ListMetrics&Version=2010-08-01"), query);
        assert_eq!(of("", "/", "Version=2010-08-01", ""), query);
        for (target, path, body) in [
            ("AmazonSSM.GetParameter", "/", "{}"),
            ("", "/service/Other/operation/GetMetricData", ""),
            ("", "/", "Action=DescribeInstances&Version=2016-11-15"),
            ("", "/", ""),
        ] {
            assert_eq!(of(target, path, "", body), None, "{target:?} {path} {body}");
        }
    }

    #[test]
    fn parameters_become_the_tree_that_json_has() {
        let address = Address::of("", "/", "", b"Version=2010-08-01").unwrap();
        let body = b"Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FEC2&MetricName=MetadataNoToken\
            &StartTime=2026-11-29T08%3A00%3A00Z&EndTime=2026-11-29T09%3A00%3A00Z&Period=60\
            &ExtendedStatistics=&Unit=&Statistics.member.1=Sum&Statistics.member.2=Maximum\
            &Dimensions.member.1.Name=InstanceId&Dimensions.member.1.Value=i-1";
        let Ok(Request::GetMetricStatistics(read)) = Request::read(&address, "", body) else {
            panic!("not what it is");
        };
        let address =
            Address { protocol: Protocol::Json, action: "GetMetricStatistics".to_owned() };
        let body =
            br#"{"Namespace": "AWS/EC2", "MetricName": "MetadataNoToken", "StartTime": 1795939200,
            "EndTime": 1795942800.5, "Period": 60, "Statistics": ["Sum", "Maximum"],
            "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}]}"#;
        let Ok(Request::GetMetricStatistics(json)) = Request::read(&address, "", body) else {
            panic!("not what it is");
        };
        assert_eq!((&read.namespace, &read.dimensions), (&json.namespace, &json.dimensions));
        assert_eq!(read.statistics, json.statistics);
        assert_eq!((&read.extended_statistics, &read.unit), (&Vec::new(), &None));
        for it in [&read, &json] {
            assert_eq!(Integer::required(it.period.as_ref(), "Period").unwrap(), 60);
            let time = |time: &Option<Time>| Time::required(time.as_ref(), "Time").unwrap();
            assert_eq!([time(&it.start_time), time(&it.end_time)], [1_795_939_200, 1_795_942_800]);
        }
    }

    #[test]
    fn what_is_not_a_request_is_refused() {
        let json = |action: &str| Address { protocol: Protocol::Json, action: action.to_owned() };
        let query = Address { protocol: Protocol::Query, action: String::new() };
        for (address, body, code) in [
            (json("ListMetrics"), "{", "SerializationException"),
            (json("ListMetrics"), "[]", "SerializationException"),
            (json("GetMetricData"), "[[], 0, 60]", "SerializationException"),
            (json("ListMetrics"), r#"{"Dimensions": [["InstanceId"]]}"#, "SerializationException"),
            (
                json("GetMetricData"),
                r#"{"MetricDataQueries": [{"Id": "a", "MetricStat": []}]}"#,
                "SerializationException",
            ),
            (json("ListMetrics"), r#"{"Dimensions": 1}"#, "SerializationException"),
            (json("PutMetricData"), "{}", "InvalidAction"),
            (query.clone(), "Version=2010-08-01", "MissingParameter"),
            (query, "Action=ListMetrics&Dimensions.member.x=1", "MalformedQueryString"),
        ] {
            let fault = Request::read(&address, "", body.as_bytes()).unwrap_err();
            assert_eq!(fault.code, code, "{body}: {fault}");
        }
    }
}
