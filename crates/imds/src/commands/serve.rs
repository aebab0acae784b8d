//! `imds serve`: metadata and the EC2 API, until told to stop.
//!
//! [`plan`] resolves flags and settings file, [`listen`] makes the sockets, [`privileges`] are given up
//! before anything of strangers is read, then the right to what no setting names ([`confinement`]);
//! [`banner`] is what is printed once it serves, [`ready`] is for programs.

mod banner;
mod confinement;
mod listen;
mod plan;
mod privileges;
mod ready;
mod takeover;

use std::io;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use imds_account::transfer::check_usable;
use imds_account::{HostName, Store, credential_key, identity_keys};
use imds_dataplane::{Link, allow_many_connections};
use imds_host::{
    Account, ConsoleSocket, ControlSocket, Host, HostSettings, LinkSpec, MetricsSocket, TokenKeys,
};
use imds_identity::KeyStorage;
use imds_links::Plumber;
use tokio::runtime::Builder;

use super::{cannot_start, keep_memory_private};
use crate::cli::{ControlAddress, ListenAddress, ServeArgs};
use crate::credential_source::{Renewals, Renewing};
use crate::error::CommandError;
use crate::reload::Reload;
use crate::service_manager::ServiceManager;
use crate::settings::LogFormat;
use crate::signals::LogSignals;
use crate::state::StateLocation;
use crate::telemetry::{AccessLog, Messages, Output};
use crate::terminal;
use confinement::{Confined, Confinement};
use plan::Plan;
use privileges::{drop_privileges, start_plumber};
use ready::{Ready, ReadyFile, ReadyPath};
use takeover::Offered;

/// How long the start waits until the greeting is printed.
const GREETING: Duration = Duration::from_secs(1);

/// How long a stop takes at most. Answers to requests may take half of it, and the last lines of the logs
/// two seconds more.
const STOP: Duration = Duration::from_secs(10);

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode, CommandError> {
    keep_memory_private();
    let (plan, reloadable) = Plan::resolve(args)?;
    // Before anything is open that the helper should not have, and before there are threads.
    let plumber = start_plumber(&plan)?;
    let mut messages = Messages::collect(plan.logs.format, &plan.logs.filter);
    // From here on a rotation of logs does not end the process, however long the start takes.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot_start)?;
    let signals = runtime.block_on(async { LogSignals::listen() }).map_err(cannot_start)?;
    let manager = ServiceManager::of_environment();
    let logs = plan.logs.clone();
    let output = Output::open(&logs.access)?;
    let sockets = Sockets::listen(&plan)?;
    // Not before: the file may be of a service that has these addresses.
    let ready_path = plan.ready_file.as_deref().map(ReadyPath::clear).transpose()?;

    let Started { host, opening, renewing, restricts_files } =
        start(plan, sockets, plumber, &mut messages)?;
    let signals = runtime.block_on(async { signals.and_stop() }).map_err(cannot_start)?;
    // Before the first request, so that none is missing.
    let access_log = output.map(|output| AccessLog::start(&host, output, logs.format));
    let access_log = access_log.transpose().map_err(cannot_start)?;
    let kept = opening.open(&host, ready_path, logs.format, &manager)?;

    let mut reload = Reload { reloadable, logs, access_log, messages, restricts_files };
    let signal = reload.until_stopped(&host, &runtime, signals, &manager);
    manager.stopping();
    tracing::info!(signal, "stopping: requests that have begun are still answered");
    if let Err(error) = end_in_any_case() {
        tracing::error!(%error, "cannot limit how long the stop takes");
    }
    drop(kept);
    host.drain();
    drop(renewing);
    Ok(ExitCode::SUCCESS)
}

/// Prints the greeting. Standard output that nobody reads holds nothing up for longer than a moment.
fn greet(greeting: String) -> Result<(), CommandError> {
    let (done, printed) = mpsc::channel();
    let print = move || drop(done.send(terminal::print(greeting)));
    thread::Builder::new().name("greeting".into()).spawn(print).map_err(cannot_start)?;
    printed.recv_timeout(GREETING).unwrap_or(Ok(()))
}

/// Ends the process if the stop takes longer than [`STOP`]: a disk or another program may hang.
fn end_in_any_case() -> io::Result<()> {
    let limit = move || {
        thread::park_timeout(STOP);
        tracing::error!("it has not stopped in time: ends as it is");
        // The message may be written meanwhile.
        thread::park_timeout(Duration::from_millis(100));
        std::process::exit(1)
    };
    thread::Builder::new().name("limit".into()).spawn(limit).map(drop)
}

/// What the service listens on.
struct Sockets {
    links: Vec<Link>,
    /// Of the links, with the ports that they have.
    addresses: Vec<ListenAddress>,
    control: Option<TcpListener>,
    metrics: Option<TcpListener>,
    console: Option<TcpListener>,
    /// All of them once more, for a process that takes this one's place.
    offered: Vec<TcpListener>,
}

impl Sockets {
    /// Listens, with `--takeover` on the sockets of the running service that have the addresses.
    fn listen(plan: &Plan) -> Result<Self, CommandError> {
        let takeover = plan.takes_over.then(|| takeover::begin(&plan.state)).transpose()?;
        let mut takeover = takeover.unwrap_or_default();
        let taken = &mut takeover.sockets;
        // Whoever reaches the metadata reaches the EC2 API and the metrics too: those come first.
        let control = match plan.control {
            ControlAddress::Off => None,
            ControlAddress::At(address) => {
                Some(listen::listen_for_control(address, plan.authentication, taken)?)
            }
        };
        let metrics =
            plan.metrics.map(|address| listen::listen_for_metrics(address, taken)).transpose()?;
        let console =
            plan.console.map(|address| listen::listen_for_console(address, taken)).transpose()?;
        let links = plan.links.iter().map(|link| listen::listen(link, plan.allow_pages, taken));
        let links = links.collect::<Result<Vec<_>, _>>()?;
        listen::check_passed()?;
        takeover.finish()?;
        let addresses = links.iter().zip(&plan.links).filter_map(|(link, wanted)| {
            Some(ListenAddress { address: link.address().ok()?, ..wanted.clone() })
        });
        let addresses = addresses.collect();
        let others = control.iter().chain(&metrics).chain(&console).map(TcpListener::try_clone);
        let offered = links.iter().map(Link::try_clone_socket).chain(others);
        let offered = offered.collect::<io::Result<_>>().map_err(cannot_start)?;
        Ok(Self { links, addresses, control, metrics, console, offered })
    }
}

/// A service that runs, but is not open yet.
struct Started {
    host: Host,
    opening: Opening,
    renewing: Renewing,
    /// Whether no other files can be used than those of the plan.
    restricts_files: bool,
}

/// What opens a service to its clients.
struct Opening {
    links: Vec<Link>,
    workloads: Vec<LinkSpec>,
    /// The sockets for a process that takes this one's place, and where it asks for them.
    offered: Vec<TcpListener>,
    state: StateLocation,
    /// What is to be printed.
    greeting: String,
    /// The same for programs.
    ready: Ready,
}

/// Sees to it that the state can be used, and has what the operator wants it to have.
fn prepare(plan: &mut Plan, store: &Store) -> Result<(), CommandError> {
    check_usable(store.kv())?;
    credential_key::ensure(store).map_err(|error| plan.state.not_readable(error))?;
    plan.access_keys.iter().try_for_each(|key| key.keep(store))?;
    let of_host = store.host().and_then(HostName::default_instance_id);
    plan.launch.instance_id = plan.launch.instance_id.take().or(of_host);
    Ok(())
}

/// Where the keys of identity documents are.
fn key_storage(state: &StateLocation, store: &Store) -> KeyStorage {
    match state.directory() {
        Some(directory) => KeyStorage::Directory(directory.to_owned()),
        None if state.is_shared() => KeyStorage::Shared(identity_keys::text(store.clone())),
        None => KeyStorage::Ephemeral,
    }
}

impl Opening {
    /// Answers from now on, and says so. Dropping what is returned tells programs that the service stops.
    fn open(
        self,
        host: &Host,
        ready_path: Option<ReadyPath>,
        format: LogFormat,
        manager: &ServiceManager,
    ) -> Result<(Option<ReadyFile>, Offered), CommandError> {
        // Before anybody is answered: who is knows that this process can be asked.
        let offered = takeover::offer(&self.state, self.offered, host);
        self.links
            .into_iter()
            .try_for_each(|link| host.attach(link).map(drop))
            .map_err(cannot_start)?;
        host.restore_links(&self.workloads)?;
        let ready_file = ready_path.map(|path| path.write(&self.ready)).transpose()?;
        greet(self.greeting)?;
        self.ready.log(format);
        manager.ready_as(&self.ready.summary());
        Ok((ready_file, offered))
    }
}

/// Starts all but the links. Privileges end on the way.
fn start(
    mut plan: Plan,
    sockets: Sockets,
    plumber: Option<Plumber>,
    messages: &mut Messages,
) -> Result<Started, CommandError> {
    plan.log_oddities();
    let Sockets { links, addresses: metadata, control, metrics, console, offered } = sockets;
    let confinement = Confinement::of(&plan);
    let store = plan.state.open()?;
    // Sockets, logs and state are open. Programs that print credentials run without privileges from the
    // first time on, as each later time. So does the thread that speaks with etcd: the first call starts it.
    if plumber.is_some() {
        drop_privileges(&plan.links)?;
    }
    prepare(&mut plan, &store)?;
    let renewals = Renewals::begin(plan.sources, &mut plan.launch)?;
    let account = Account::open(store.clone(), &plan.launch, plan.network)?;
    // The first threads: privileges are those of a thread. Those that run programs keep the right to.
    let renewing = renewals.start()?;
    let Confined { restricts_files, only_serve } = confinement.begin();
    messages.write().map_err(cannot_start)?;
    let instance = account.instance().clone();
    let settings = HostSettings {
        policy: plan.policy,
        threads: plan.threads,
        token_keys: TokenKeys::Stored,
        key_storage: key_storage(&plan.state, &store),
        has_default: plan.has_default,
        faults: plan.faults,
        events: plan.events,
        control: control.map(|listener| ControlSocket {
            listener,
            authentication: plan.authentication,
            policies: plan.policies,
            instance_types: plan.instance_types,
            images: plan.images,
            console: console.map(|listener| ConsoleSocket { listener }),
        }),
        plumber,
        when_cut_off: plan.when_cut_off,
        follows: plan.follows,
        linked: plan.links.iter().filter_map(|link| link.instance.clone()).collect(),
        version: env!("IMDS_VERSION"),
        metrics: metrics.map(|listener| MetricsSocket { listener }),
        only_serve,
    };
    allow_many_connections();
    let host = Host::start(account, settings)?;
    let region = instance.zone.region();
    let invitation = |address| banner::invitation(&plan.state, &store, address, region);
    let greeting = banner::banner(plan.follows, &instance, &metadata, &plan.workloads)
        + &host.metrics_address().map(banner::metrics).unwrap_or_default()
        + &host.console_address().map(|at| banner::console(at, &plan.state)).unwrap_or_default()
        + &host.control_address().map(invitation).transpose()?.unwrap_or_default();
    let ready = Ready::new(instance, plan.follows, metadata, &host);
    let Plan { workloads, state, .. } = plan;
    let opening = Opening { links, workloads, offered, state, greeting, ready };
    Ok(Started { host, opening, renewing, restricts_files })
}
