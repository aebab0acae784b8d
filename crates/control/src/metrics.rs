//! `GET /metrics`: the host's metrics, for whoever signs as for the EC2 API.

use hyper::Method;
use hyper::http::request::Parts;
use imds_ec2::Fault;

use super::authorize::{Deed, check_read, globals};
use super::metrics_door::MetricsText;
use super::service::Service;
use super::{Control, Reply, XML};

/// What a role's policy must allow on `*`. AWS has nothing like it, so the prefix is none of AWS's.
const ACTION: &str = "imds:GetMetrics";

impl Control {
    /// Answers a request for metrics; `now` is in seconds since 1970.
    pub(super) fn answer_metrics(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        request_id: &str,
    ) -> Reply {
        let (status, content_type, text) = match self.metrics_for(head, body, now) {
            Ok(MetricsText { content_type, text }) => (200, content_type, text),
            Err(fault) => (fault.status, XML, fault.document(request_id)),
        };
        Reply { status, content_type, headers: Vec::new(), body: text.into_bytes() }
    }

    fn metrics_for(&self, head: &Parts, body: &[u8], now: u64) -> Result<MetricsText, Fault> {
        let principal = self.authenticate(head, body, now, Service::Ec2)?;
        let globals = globals(&self.store, &self.network, &principal, now);
        check_read(&principal, &self.policies, &Deed::new(ACTION, "*"), &globals)?;
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Err(Fault::new(405, "MethodNotAllowed", "Metrics are read with GET."));
        }
        let missing = || Fault::new(404, "NotFound", "This service has no metrics.");
        let door = self.metrics.as_ref().ok_or_else(missing)?;
        Ok((door.0)(&head.headers))
    }
}
