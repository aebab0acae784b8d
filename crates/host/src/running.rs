//! The parts of a running host, in the order in which they start.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_account::records::{Follows, WhenCutOff};
use imds_account::{Store, control_address, token_key};
use imds_console::ConsoleServer;
use imds_control::ControlServer;
use imds_core::extra::Extra;
use imds_core::fault::FaultRule;
use imds_core::{Endpoint, Instance, InstanceId, Keyring};
use imds_dataplane::{
    Agent, CounterSnapshot, Counts, CurrentTable, Faults, Link, LinkCounts, LinkId, Requests,
    ResponsePolicy, Service, ServiceError, ServiceSettings, ServingLease, Table,
};
use imds_identity::{KeyStorage, Signers};
use imds_links::{LinkError, Plumber};
use imds_linux::confine::Serving;
use imds_metrics::MetricsServer;

use crate::account::Account;
use crate::control::{ControlSocket, Foundation};
use crate::error::HostError;
use crate::fleet::{self, Membership, Placed, Placer};
use crate::links::{LinkSpec, Links, LinksError};
use crate::metrics::{self, MetricsSocket};
use crate::schedule::{Scheduled, Scheduler};

/// How a host runs.
pub struct HostSettings {
    /// How requests are answered where EC2 leaves a choice.
    pub policy: ResponsePolicy,
    /// How many threads answer requests for metadata.
    pub threads: NonZeroUsize,
    /// The key of session tokens.
    pub token_keys: TokenKeys,
    /// Where the keys that sign identity documents are.
    pub key_storage: KeyStorage,
    /// Whether requests from an address that never was an instance's are the default instance's; else
    /// they are nobody's.
    pub has_default: bool,
    /// Faults that are in force from the start.
    pub faults: Vec<FaultRule>,
    /// Events by the clock.
    pub events: Vec<Scheduled>,
    /// The EC2 API, if there is to be one.
    pub control: Option<ControlSocket>,
    /// What makes links to workloads, if there are to be any.
    pub plumber: Option<Plumber>,
    /// What becomes of requests for metadata while a state that other hosts share cannot be reached.
    pub when_cut_off: WhenCutOff,
    /// Which instances it follows where others share the state.
    pub follows: Follows,
    /// The instances of its own links ([`Host::attach`]), where it follows linked instances alone.
    pub linked: BTreeSet<InstanceId>,
    /// The program's version, which metrics and the console's pages show.
    pub version: &'static str,
    /// Metrics for anyone, if there are to be any; those who sign get them from the EC2 API.
    pub metrics: Option<MetricsSocket>,
    /// See [`ServiceSettings::only_serve`].
    pub only_serve: Option<Serving>,
}

/// Where the key of session tokens comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKeys {
    /// From the account: tokens outlive a restart.
    Stored,
    /// Made now: tokens end with the process.
    Ephemeral,
}

/// One thread that may make any system call, keys that end with the process, no event, no EC2 API, no links
/// to workloads and no metrics.
impl Default for HostSettings {
    fn default() -> Self {
        Self {
            policy: ResponsePolicy::default(),
            threads: NonZeroUsize::MIN,
            token_keys: TokenKeys::Ephemeral,
            key_storage: KeyStorage::Ephemeral,
            has_default: true,
            faults: Vec::new(),
            events: Vec::new(),
            control: None,
            plumber: None,
            when_cut_off: WhenCutOff::default(),
            follows: Follows::default(),
            linked: BTreeSet::new(),
            version: env!("CARGO_PKG_VERSION"),
            metrics: None,
            only_serve: None,
        }
    }
}

/// A running host. Dropping it ends it at once; [`drain`](Self::drain) answers what has begun.
///
/// The parts end in the order of the fields.
pub struct Host {
    metrics: Option<MetricsServer>,
    metrics_address: Option<SocketAddr>,
    console: Option<ConsoleServer>,
    console_address: Option<SocketAddr>,
    links: Option<Links>,
    scheduler: Option<Scheduler>,
    control: Option<ControlServer>,
    control_address: Option<SocketAddr>,
    service: Arc<Service>,
    /// Ends after the service: until then others wait for this host.
    membership: Option<Membership>,
    agent: Option<Agent>,
}

impl Host {
    /// Serves the account's instances, and brings into force what changes. It has no link yet.
    pub fn start(account: Account, settings: HostSettings) -> Result<Self, HostError> {
        let region = account.instance().zone.region().clone();
        let Account { store, network, overrides, issuer, claim, .. } = account;
        let keyring = match settings.token_keys {
            TokenKeys::Stored => token_key::stored(&store)?,
            TokenKeys::Ephemeral => token_key::ephemeral()?,
        };
        let address = address_of(settings.control.as_ref().map(|socket| &socket.listener))?;
        control_address::keep(&store, address)?;
        let (follows, version) = (settings.follows, settings.version);
        let placed = Placed::begin(&store, follows, &settings.linked)?;
        let (agent, table) = Agent::start(store.clone(), overrides, follows, settings.has_default)?;
        let lease = ServingLease::new(settings.when_cut_off == WhenCutOff::Refuse);
        let begin = |it| Membership::begin(it, &agent, &lease, settings.when_cut_off, follows);
        let membership = claim.map(begin).transpose()?;
        let service = serve(keyring, Arc::clone(&table), lease.clone(), &settings)?;
        add_faults(&service, settings.faults)?;
        let metrics_address = address_of(settings.metrics.as_ref().map(|it| &it.listener))?;
        let lease = store.host().map(|_| lease);
        let measured = metrics::of(&service, &agent, lease, version);
        let metrics = settings.metrics.map(|it| it.serve(Arc::clone(&measured))).transpose()?;
        let placer = placed.map(|placed| Placer::new(store.clone(), placed, agent.progress()));
        let links = start_links(settings.plumber, &service, &store, placer)?;
        let scheduler = Scheduler::start(settings.events, store.clone(), region.clone());
        let scheduler = Some(scheduler.map_err(HostError::Start)?);
        let console = settings.control.as_ref().and_then(|socket| socket.console.as_ref());
        let console_address = address_of(console.map(|it| &it.listener))?;
        let served = settings.control.map(|socket| {
            let (service, links) = (&service, links.as_ref());
            let applied = fleet::applied(&store, &agent, follows, Arc::clone(&table));
            let metrics = measured;
            socket.serve(Foundation {
                store,
                network,
                region,
                issuer,
                table,
                applied,
                service,
                links,
                metrics,
                version,
            })
        });
        let (control, console) = served.transpose().map_err(HostError::Start)?.unzip();
        Ok(Self {
            metrics,
            metrics_address,
            console: console.flatten(),
            console_address,
            links,
            scheduler,
            control,
            control_address: address,
            service,
            membership,
            agent: Some(agent),
        })
    }

    /// Serves one instance that nothing changes: no account, no event, no EC2 API. It has no link
    /// yet.
    #[allow(clippy::needless_pass_by_value, reason = "as `start` takes them")]
    pub fn of_one(instance: &Instance, settings: HostSettings) -> Result<Self, HostError> {
        let table = Table::of_one(Arc::new(Endpoint::new(instance)));
        let table = Arc::new(ArcSwap::from_pointee(table));
        let lease = ServingLease::default();
        let service = serve(token_key::ephemeral()?, table, lease, &settings)?;
        add_faults(&service, settings.faults)?;
        Ok(Self {
            metrics: None,
            metrics_address: None,
            console: None,
            console_address: None,
            links: None,
            scheduler: None,
            control: None,
            control_address: None,
            service,
            membership: None,
            agent: None,
        })
    }

    /// Serves a link from now on.
    pub fn attach(&self, link: Link) -> io::Result<LinkId> {
        self.service.attach(link)
    }

    /// Attaches these links to workloads, then those that the account has. Returns once each of
    /// `settings` is up or waits for a place that does not exist yet; the account's follow.
    ///
    /// With this a host has started: one that has never had a shared state is forgotten there if it ends before.
    ///
    /// # Errors
    /// If one of `settings` cannot be attached; or if there is one, and the host was started without a
    /// plumber.
    pub fn restore_links(&self, settings: &[LinkSpec]) -> Result<(), LinksError> {
        match &self.links {
            Some(links) => links.restore(settings)?,
            None if settings.is_empty() => {}
            None => return Err(LinkError::Lost.into()),
        }
        self.membership.iter().for_each(Membership::settle);
        Ok(())
    }

    /// Serves a link no longer, and gives its last counts; its connections are reset.
    pub fn detach(&self, link: LinkId) -> Result<LinkCounts, ServiceError> {
        self.service.detach(link)
    }

    /// How requests are answered at the moment.
    pub fn policy(&self) -> ResponsePolicy {
        self.service.policy()
    }

    /// Answers requests otherwise from now on.
    pub fn set_policy(&self, policy: ResponsePolicy) {
        self.service.set_policy(policy);
    }

    /// Replaces the operator's values over the default instance's metadata; returns before they are in
    /// force. A host of one instance ([`of_one`](Self::of_one)) keeps those that it was made with.
    pub fn set_extra(&self, extra: Vec<Extra>) {
        if let Some(agent) = &self.agent {
            agent.set_extra(extra);
        }
    }

    /// The faults on demand in force.
    pub fn faults(&self) -> &Faults {
        self.service.faults()
    }

    /// Observes requests from now on; at most `capacity` records wait to be taken.
    pub fn subscribe(&self, capacity: usize) -> Requests {
        self.service.subscribe(capacity, 0)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> CounterSnapshot {
        self.service.counters()
    }

    /// What was counted of one instance, if it had requests.
    pub fn instance_counts(&self, id: &InstanceId) -> Option<Counts> {
        self.service.counter_reader().read_instance(id)
    }

    /// Whether all threads that answer for metadata do what they are told within this time.
    pub fn is_responsive(&self, within: Duration) -> bool {
        self.service.is_responsive(within)
    }

    /// Where the EC2 API answers.
    pub fn control_address(&self) -> Option<SocketAddr> {
        self.control_address
    }

    /// Where metrics are served.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Where the web console is served.
    pub fn console_address(&self) -> Option<SocketAddr> {
        self.console_address
    }

    /// What says from another thread that the sockets of this host are another process's from now on
    /// ([`Service::hand_over`]).
    pub fn handover(&self) -> impl Fn() + Send + 'static {
        let service = Arc::clone(&self.service);
        move || service.hand_over()
    }

    /// Takes no more connections, lets requests that have begun be answered, and ends.
    pub fn drain(self) {
        let Self {
            metrics, console, membership, links, scheduler, control, service, agent, ..
        } = self;
        // Both at a time.
        control.iter().for_each(ControlServer::begin_to_end);
        service.drain();
        drop(membership);
        drop(metrics);
        drop(console);
        drop(scheduler);
        drop(control);
        drop(links);
        drop(agent);
    }
}

fn address_of(listener: Option<&TcpListener>) -> Result<Option<SocketAddr>, HostError> {
    listener.map(TcpListener::local_addr).transpose().map_err(HostError::Start)
}

fn start_links(
    plumber: Option<Plumber>,
    service: &Arc<Service>,
    store: &Store,
    placer: Option<Placer>,
) -> Result<Option<Links>, HostError> {
    let start = |it| Links::start(it, Arc::clone(service), store.clone(), placer);
    plumber.map(start).transpose().map_err(HostError::Start)
}

fn add_faults(service: &Service, faults: Vec<FaultRule>) -> Result<(), HostError> {
    faults.into_iter().try_for_each(|rule| service.faults().add(rule).map(drop))?;
    Ok(())
}

fn serve(
    keyring: Keyring,
    table: CurrentTable,
    lease: ServingLease,
    settings: &HostSettings,
) -> Result<Arc<Service>, HostError> {
    let settings = ServiceSettings {
        keyring,
        table,
        signers: Signers::new(settings.key_storage.clone()).map_err(HostError::Start)?,
        policy: settings.policy,
        threads: settings.threads,
        measures_latency: settings.metrics.is_some(),
        lease,
        only_serve: settings.only_serve,
    };
    Service::start(settings).map(Arc::new).map_err(HostError::Start)
}
