//! The EC2 Instance Metadata Service in a test's own process.
//!
//! ```
//! use std::io::{Read as _, Write as _};
//! use std::net::TcpStream;
//!
//! use imds_testing::Imds;
//!
//! // An instance that answers IMDSv1 too, with a role.
//! let imds = Imds::builder().image("al2").role("my-role").start()?;
//!
//! // The program under test asks `imds.url()`; an SDK is told so by an environment variable,
//! // `AWS_EC2_METADATA_SERVICE_ENDPOINT`. Here the test asks itself.
//! let mut stream = TcpStream::connect(imds.address())?;
//! stream.write_all(b"GET /latest/meta-data/iam/security-credentials/ HTTP/1.0\r\n\r\n")?;
//! let mut response = String::new();
//! stream.read_to_string(&mut response)?;
//! assert!(response.ends_with("my-role"), "{response}");
//!
//! // What the program did.
//! let requests = imds.requests();
//! assert_eq!(requests[0].path, "/latest/meta-data/iam/security-credentials");
//! assert!(!requests[0].has_token, "this program would fail where IMDSv2 is required");
//!
//! // Does the program survive that tokens are refused?
//! imds.add_fault("token,status=503")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each [`Imds`] is a service of its own, on a free port of loopback, with an instance that nothing else
//! changes; tests may run beside each other. It ends when it is dropped.
//!
//! The hop limit needs routers between the service and the program: `imds exec --container` has one. So do
//! programs that ask 169.254.169.254 and nothing else.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use imds_account::{Network, Store};
use imds_core::extra::Extra;
use imds_core::fault::FaultRule;
use imds_core::launch::LaunchRole;
use imds_core::response::ImdsVersion;
use imds_core::tags::Tag;
use imds_core::{Instance, Launch, Switch};
use imds_dataplane::{Link, RequestRecord, Requests, Target};
use imds_host::{Account, Host, HostError, HostSettings};

/// How many requests are kept until [`Imds::requests`] takes them.
const KEPT: usize = 4096;

/// A running metadata service. Dropping it ends it at once.
pub struct Imds {
    host: Host,
    requests: Requests,
    address: SocketAddr,
    instance: Instance,
}

/// Why a service does not start, or a fault is not added.
#[derive(Debug, thiserror::Error)]
pub enum ImdsError {
    /// A setting of the builder has a value that it cannot have; names both, and the rule.
    #[error(transparent)]
    Setting(Box<dyn Error + Send + Sync>),
    /// The service cannot be made.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No socket on 127.0.0.1.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[source] io::Error),
}

/// A request that was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// `GET`, `PUT`, …; empty if it was no HTTP.
    pub method: String,
    /// The path as the service reads it, without a query, doubled slashes and one at the end:
    /// `/latest/meta-data/instance-id`. Of more than 121 bytes the first, and `…`.
    pub path: String,
    /// Whether it is one of IMDSv2: it has a session token, or asks for one.
    pub has_token: bool,
    /// The status of the response, such as 200.
    pub status: u16,
    /// The id of the fault that hit it ([`Imds::add_fault`]).
    pub fault: Option<u32>,
}

impl Imds {
    /// An Amazon Linux 2023 instance, which requires tokens, without a role.
    pub fn start() -> Result<Self, ImdsError> {
        Self::builder().start()
    }

    /// An instance with settings.
    pub fn builder() -> ImdsBuilder {
        ImdsBuilder::default()
    }

    /// Where it answers: a port of 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as SDKs have it in `AWS_EC2_METADATA_SERVICE_ENDPOINT`: `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The instance that it is the metadata of, with all that was derived.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The service itself, for all that it can do beside this.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The requests that were answered since this was last called, in the order in which they were; at most
    /// 4096, later ones are dropped. A program that has its response finds its request here.
    pub fn requests(&self) -> Vec<Request> {
        std::iter::from_fn(|| self.requests.try_next()).map(|record| Request::of(&record)).collect()
    }

    /// Answers requests wrongly, late or not at all from now on, such as `credentials,status=503,count=2`; returns
    /// the fault's id. The language is that of [`imds fault add`].
    ///
    /// [`imds fault add`]: https://github.com/imds-rs/imds/blob/main/docs/faults.md
    pub fn add_fault(&self, rule: &str) -> Result<u32, ImdsError> {
        let rule: FaultRule = parse(rule)?;
        let status = self.host.faults().add(rule).map_err(HostError::from)?;
        Ok(status.id)
    }

    /// Ends all faults.
    pub fn remove_faults(&self) {
        self.host.faults().remove_all();
    }
}

/// Settings of a service. A value that is not valid is an error of [`start`](Self::start).
#[derive(Default)]
#[must_use = "it is started by `start`"]
pub struct ImdsBuilder {
    launch: Launch,
    faults: Vec<FaultRule>,
    /// The first setting that was not valid.
    error: Option<ImdsError>,
}

impl ImdsBuilder {
    /// The image, which decides what is required: `al2023` (the default; tokens are required) or `al2` (they
    /// are optional), or an id such as `ami-0123456789abcdef0`.
    pub fn image(self, name: &str) -> Self {
        self.parsed(name, |builder, image| builder.launch.image = image)
    }

    /// The instance id, such as `i-1234567890abcdef0`. Values without a setting are derived from it.
    pub fn instance_id(self, id: &str) -> Self {
        self.parsed(id, |builder, id| builder.launch.instance_id = Some(id))
    }

    /// The instance type, such as `t3.micro`; it decides which of EC2's two HTTP servers is imitated.
    pub fn instance_type(self, name: &str) -> Self {
        self.parsed(name, |builder, name| builder.launch.instance_type = Some(name))
    }

    /// The Region, such as `eu-west-1` [default: `us-east-1`].
    pub fn region(self, name: &str) -> Self {
        self.parsed(name, |builder, region| builder.launch.region = Some(region))
    }

    /// The account, 12 digits [default: `123456789012`].
    pub fn account(self, id: &str) -> Self {
        self.parsed(id, |builder, id| builder.launch.account = Some(id))
    }

    /// Whether requests must have a token: `required` or `optional` [default: the image's].
    pub fn http_tokens(self, value: &str) -> Self {
        self.parsed(value, |builder, value| builder.launch.options.http_tokens = Some(value))
    }

    /// Whether the service answers at all: `enabled` or `disabled`; disabled, it says 403.
    pub fn http_endpoint(self, value: &str) -> Self {
        self.parsed(value, |builder, value| builder.launch.options.http_endpoint = Some(value))
    }

    /// Gives the instance an instance profile with this role; its credentials are made up.
    pub fn role(mut self, name: &str) -> Self {
        self.launch.role = Some(LaunchRole::named(name));
        self
    }

    /// Adds a tag, and shows tags in the metadata.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.launch.options.instance_metadata_tags = Some(Switch::Enabled);
        match Tag::new(key, value) {
            Ok(tag) => self.launch.tags.push(tag),
            Err(error) => self.refuse(error.into()),
        }
        self
    }

    /// The user data.
    pub fn user_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.launch.user_data = Some(data.into());
        self
    }

    /// Another value at a path below the version, such as `meta-data/rack/row`.
    pub fn value(self, path: &str, value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        self.parsed(path, |builder, path| builder.launch.extra.push(Extra { path, value }))
    }

    /// A fault from the start; see [`Imds::add_fault`].
    pub fn fault(self, rule: &str) -> Self {
        self.parsed(rule, |builder, rule| builder.faults.push(rule))
    }

    /// Everything else that an instance can be launched with.
    pub fn launch(mut self, change: impl FnOnce(&mut Launch)) -> Self {
        change(&mut self.launch);
        self
    }

    /// Starts the service. It answers when this returns.
    pub fn start(self) -> Result<Imds, ImdsError> {
        let Self { launch, faults, error } = self;
        if let Some(error) = error {
            return Err(error);
        }
        let network = Network::of(&launch);
        let account = Account::open(Store::in_memory(), &launch, network)?;
        let instance = account.instance().clone();
        let host = Host::start(account, HostSettings { faults, ..HostSettings::default() })?;
        // Before the first request, so that none is missing.
        let requests = host.subscribe(KEPT);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let link = Link::bind(any_port, Target::BySource).map_err(ImdsError::Listen)?;
        let address = link.address().map_err(ImdsError::Listen)?;
        host.attach(link).map_err(ImdsError::Listen)?;
        Ok(Imds { host, requests, address, instance })
    }

    fn parsed<T>(mut self, text: &str, apply: impl FnOnce(&mut Self, T)) -> Self
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        match parse(text) {
            Ok(value) => apply(&mut self, value),
            Err(error) => self.refuse(error),
        }
        self
    }

    fn refuse(&mut self, error: ImdsError) {
        self.error.get_or_insert(error);
    }
}

fn parse<T: FromStr<Err: Error + Send + Sync + 'static>>(text: &str) -> Result<T, ImdsError> {
    text.parse().map_err(|error: T::Err| ImdsError::Setting(error.into()))
}

impl From<imds_core::Invalid> for ImdsError {
    fn from(error: imds_core::Invalid) -> Self {
        Self::Setting(error.into())
    }
}

impl Request {
    fn of(record: &RequestRecord) -> Self {
        let mut path = String::new();
        record.path.escape(&mut path);
        Self {
            method: record.method.map(|method| method.as_str().to_owned()).unwrap_or_default(),
            path,
            has_token: record.version == ImdsVersion::V2,
            status: record.status.code(),
            fault: record.fault.map(|fault| fault.id),
        }
    }
}

#[cfg(test)]
mod tests;
