//! The EC2 API for simulated instances: calls, filters, pages.
//!
//! A request comes by HTTP (`http`), is authenticated (`authenticate`), parsed (`imds_ec2`) and authorized
//! (`authorize`), and goes to its operation (`operations`): one file for each noun of the API. An operation reads
//! records, commits one transaction and answers `pending`; the data path applies the change.
//!
//! No file uses a file below it: `call`, `filter`, `page`, `options` and `tag_values` →
//! nouns → `operations` → [`Control`] → `http`.
//!
//! One record that cannot be read concerns itself alone: lists leave it out and log its key, and only
//! calls that need exactly this record fail, with `InternalError`.

mod abandoned;
mod account_attributes;
mod address_cursors;
mod admin;
mod authenticate;
mod authorize;
mod belongings;
mod call;
mod client_token;
mod cloudwatch;
mod console;
mod faults;
mod filter;
mod fleets;
pub mod history;
mod http;
mod iam_profiles;
mod ids;
mod images;
mod instance_types;
mod instances;
mod key_pairs;
mod launch_templates;
mod links;
mod metadata_defaults;
mod metadata_options;
mod metrics;
mod metrics_door;
mod network;
mod network_interfaces;
mod operations;
mod operator;
mod options;
mod page;
mod parameter_store;
mod places;
mod platform;
mod principal;
mod refusal;
mod role_policies;
mod security_groups;
mod service;
mod snapshots;
mod spot_prices;
mod ssm;
mod sts;
mod tag_values;
mod tags;
mod time;
mod unread;
mod volumes;

use std::borrow::Cow;

use hyper::http::request::Parts;
use imds_account::imds_kv::KvError;
use imds_account::{Applied, Network, Store, StoreError};
use imds_core::InstanceType;
use imds_core::credentials::Issuer;
use imds_core::placement::Region;
use imds_ec2::cloudwatch::Address;
use imds_ec2::{Fault, Params, Request, parameters};

pub use abandoned::Abandoned;
pub use address_cursors::AddressCursors;
pub use admin::{AccessKeyFacts, AdminAnswer, AdminRequest, EventRequest};
use call::{Call, Refusal, UnreadableLog};
pub use console::ConsoleDoor;
pub use faults::{FaultFacts, FaultProgress, Faults, NoFaults};
pub use history::History;
pub use http::ControlServer;
pub use images::PresetImage;
pub use instances::preview::LaunchPreview;
pub use links::{LinkFacts, LinkName, LinkState, Links, NoLinks};
pub use metrics_door::{MetricsDoor, MetricsText};
use principal::Principal;
pub use refusal::AdminRefusal;
pub use role_policies::RolePolicies;
use service::Service;

/// How often an operation is tried that others keep getting in the way of.
const ATTEMPTS: usize = 64;

/// The account as the EC2 API shows it.
pub struct Control {
    /// The account's records.
    pub store: Store,
    /// What the data path serves at this moment.
    pub applied: Box<dyn Applied>,
    /// The host's links.
    pub links: Box<dyn Links>,
    /// The host's faults on demand.
    pub faults: Box<dyn Faults>,
    /// What lets a browser into the host's web console, if it has one.
    pub console: Option<ConsoleDoor>,
    /// Where instances are launched.
    pub network: Network,
    /// The Region of requests that name none, such as unsigned ones.
    pub region: Region,
    /// Whether requests must be signed.
    pub authentication: Authentication,
    /// What issues temporary credentials, also those that the metadata serves.
    pub issuer: Issuer,
    /// What roles may do.
    pub policies: RolePolicies,
    /// Instance types that can be launched beside those that AWS's API model names.
    pub instance_types: Vec<InstanceType>,
    /// Images beside Amazon's and those that are registered.
    pub images: Vec<PresetImage>,
    /// The host's metrics, if it has any.
    pub metrics: Option<MetricsDoor>,
    /// What `CloudWatch` has of the past.
    pub history: History,
    /// Where the search for free private addresses goes on.
    pub cursors: AddressCursors,
}

/// Whether requests must be signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authentication {
    /// With one of the account's access keys.
    Signature,
    /// Not signed: whoever reaches the socket may do everything.
    Off,
}

/// A response of the EC2 API, of STS, of Systems Manager or of `CloudWatch`.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The document: XML, JSON or CBOR.
    pub body: Vec<u8>,
}

impl Reply {
    /// The document as a text, which it is unless it is CBOR.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Who asks for an operation, and how.
struct Asking<'a> {
    principal: &'a Principal,
    action: &'static str,
    dry_run: bool,
    request_id: &'a str,
    abandoned: &'a Abandoned,
    /// In seconds since 1970.
    now: u64,
}

/// `Content-Type` of XML.
const XML: &str = "text/xml;charset=UTF-8";

impl Control {
    /// Answers one request; `now` is in seconds since 1970.
    pub fn answer(&self, head: &Parts, body: &[u8], now: u64) -> Reply {
        self.answer_unless(head, body, now, &Abandoned::default())
    }

    /// The same, but ends with an error soon after `abandoned` is set, unless it is about to write.
    pub fn answer_unless(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        abandoned: &Abandoned,
    ) -> Reply {
        let request_id = ids::request_id().unwrap_or_default();
        let query = head.uri.query().unwrap_or_default();
        if head.uri.path() == service::METRICS {
            return self.answer_metrics(head, body, now, &request_id);
        }
        let target = service::target(head);
        if let Some(address) = Address::of(target, head.uri.path(), query, body) {
            return self.answer_cloudwatch(&address, (head, body), now, &request_id);
        }
        if imds_ec2::ssm::is_addressed(target) {
            return self.answer_ssm(head, body, now);
        }
        if imds_ec2::sts::is_addressed(query, body) {
            return self.answer_sts(head, body, now, &request_id);
        }
        let outcome = self.perform(head, body, now, &request_id, abandoned);
        let (status, body) = match outcome {
            Ok(body) => (200, body),
            Err(fault) => (fault.status, fault.document(&request_id)),
        };
        Reply { status, content_type: XML, headers: Vec::new(), body: body.into_bytes() }
    }

    fn perform(
        &self,
        head: &Parts,
        body: &[u8],
        now: u64,
        request_id: &str,
        abandoned: &Abandoned,
    ) -> Result<String, Fault> {
        let principal = self.authenticate(head, body, now, Service::Ec2)?;
        let query = head.uri.query().unwrap_or_default();
        let params = Params::parse(query.as_bytes(), body)?;
        parameters::check(&params)?;
        let request = Request::read(params)?;
        let asking = Asking {
            principal: &principal,
            action: request.action(),
            dry_run: request.dry_run(),
            request_id,
            abandoned,
            now,
        };
        self.attempt(&asking, |call| {
            authorize::authorize(call, &principal, &self.policies, &request)?;
            operations::dispatch(call, &request)
        })
    }

    /// Carries out an operation, again from its start as long as others get in its way.
    fn attempt<T>(
        &self,
        asking: &Asking<'_>,
        operation: impl Fn(&Call<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let unreadable = UnreadableLog::default();
        for _ in 0..ATTEMPTS {
            let call = Call {
                store: &self.store,
                applied: &*self.applied,
                network: &self.network,
                account: &self.network.account,
                region: asking.principal.region.clone(),
                principal: asking.principal.arn.clone(),
                now: asking.now,
                instance_types: &self.instance_types,
                images: &self.images,
                request_id: asking.request_id.to_owned(),
                dry_run: asking.dry_run,
                relied: <_>::default(),
                cursors: &self.cursors,
                unreadable: &unreadable,
                abandoned: asking.abandoned,
            };
            match operation(&call) {
                Ok(outcome) => return Ok(outcome),
                Err(Refusal::Fault(fault)) => return Err(fault),
                // Somebody else was faster: what was decided may be wrong by now.
                Err(Refusal::Store(StoreError::Conflict { .. })) => {}
                Err(Refusal::Abandoned) => return Err(Fault::unavailable()),
                Err(Refusal::Store(error)) => return Err(state_fault(&error, asking.action)),
            }
        }
        Err(Fault::request_limit_exceeded())
    }
}

/// What a caller is told where the state fails.
fn state_fault(error: &StoreError, action: &str) -> Fault {
    if let StoreError::Kv(KvError::TooLarge { operations, limits, .. }) = error {
        let limit = limits.operations;
        return Fault::client(
            "ResourceCountExceeded",
            format!(
                "The request changes {operations} entries of the state, which changes {limit} at \
                     once. Break it up into smaller requests."
            ),
        );
    }
    let source: &(dyn std::error::Error + 'static) = error;
    tracing::error!(error = source, action, "cannot use the state");
    if let StoreError::Kv(KvError::OutcomeUnknown { .. }) = error {
        let told =
            "An internal error has occurred: whether the request was carried out is not known.";
        return Fault::new(500, "InternalError", told);
    }
    Fault::internal()
}
