//! `CloudWatch`: who still uses `IMDSv1`, by instance and in all of a Region, as scripts for EC2 ask.
//!
//! There are the two metrics of EC2's metadata service, in the namespace `AWS/EC2`. Any other metric has no
//! values, as one has in AWS that was never measured.

mod list;
mod metric_data;
mod outcome;
mod series;
mod statistics;

use hyper::http::request::Parts;
use imds_ec2::Fault;
use imds_ec2::cloudwatch::{self, Address, Request};

use super::authorize::{Deed, globals, may_read};
use super::principal::Principal;
use super::service::Service;
use super::{Control, Reply};
use outcome::Outcome;

impl Control {
    /// Answers a request for `CloudWatch`; `now` is in seconds since 1970.
    pub(super) fn answer_cloudwatch(
        &self,
        address: &Address,
        (head, body): (&Parts, &[u8]),
        now: u64,
        request_id: &str,
    ) -> Reply {
        let query = head.uri.query().unwrap_or_default();
        let outcome =
            self.authenticate(head, body, now, Service::CloudWatch).and_then(|principal| {
                let request = Request::read(address, query, body)?;
                self.may_read_metrics(&principal, request.action(), now)?;
                Ok((request.action(), self.read_metrics(&principal, &request, now)?))
            });
        let protocol = address.protocol;
        let (status, body) = match &outcome {
            Ok((action, result)) => {
                (200, cloudwatch::success(protocol, action, result, request_id))
            }
            Err(fault) => (fault.status, cloudwatch::error(protocol, fault, request_id)),
        };
        let cloudwatch::Body { content_type, headers, bytes } = body;
        Reply { status, content_type, headers, body: bytes }
    }

    fn may_read_metrics(&self, principal: &Principal, action: &str, now: u64) -> Result<(), Fault> {
        let action = format!("cloudwatch:{action}");
        let deed = Deed::new(&action, "*");
        let globals = globals(&self.store, &self.network, principal, now);
        if may_read(principal, &self.policies, &deed, &globals) {
            return Ok(());
        }
        let message = format!("User: {} is not authorized to perform: {action}", principal.arn);
        Err(Fault::new(403, "AccessDenied", message))
    }

    fn read_metrics(&self, principal: &Principal, request: &Request, now: u64) -> Outcome {
        self.history.refresh(now);
        let (history, region) = (&self.history, &principal.region);
        match request {
            Request::GetMetricStatistics(request) => statistics::get(history, region, request),
            Request::GetMetricData(request) => {
                metric_data::get(history, region, &self.network.account, request, now)
            }
            Request::ListMetrics(request) => {
                list::list(history, region, &self.network.account, request)
            }
        }
    }
}
