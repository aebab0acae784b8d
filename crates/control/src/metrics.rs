//! `GET /metrics`: the service's metrics, for whoever signs as for the EC2 API.

use hyper::Method;
use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use imds_ec2::Fault;

use super::principal::Authority;
use super::service::Service;
use super::{Control, Reply, XML};

/// Where metrics are.
pub(super) const PATH: &str = "/metrics";

/// Writes all metrics, in the format that fits an `Accept` field; gives their media type and text.
///
/// A function of the host's, because the API must not depend on the data path.
pub struct MetricsDoor(pub Box<dyn Fn(&str) -> (&'static str, String) + Send + Sync>);

impl Control {
    /// Answers a request for metrics; `now` is in seconds since 1970.
    pub(super) fn answer_metrics(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        request_id: &str,
    ) -> Reply {
        match self.metrics_for(head, body, now) {
            Ok((content_type, text)) => {
                Reply { status: 200, content_type, headers: Vec::new(), body: text.into_bytes() }
            }
            Err(fault) => Reply {
                status: fault.status,
                content_type: XML,
                headers: Vec::new(),
                body: fault.document(request_id).into_bytes(),
            },
        }
    }

    /// Any access key may read them. A role may not: no policy of IAM's has a word for it.
    fn metrics_for(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
    ) -> Result<(&'static str, String), Fault> {
        let principal = self.authenticate(head, body, now, Service::Ec2)?;
        if !matches!(principal.authority, Authority::Key(_)) {
            return Err(Fault::unauthorized());
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Err(Fault::new(405, "MethodNotAllowed", "Metrics are read with GET"));
        }
        let accept = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let missing = || Fault::new(404, "NotFound", "This service has no metrics");
        let door = self.metrics.as_ref().ok_or_else(missing)?;
        Ok((door.0)(accept.unwrap_or_default()))
    }
}
