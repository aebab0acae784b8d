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
