//! `imds serve`: metadata and the EC2 API, until told to stop.
//!
//! [`plan`] resolves flags and settings file, [`listen`] makes the sockets, [`privileges`] are given up
//! before anything of strangers is read, [`banner`] is what is printed once it serves.

mod banner;
mod listen;
mod plan;
mod privileges;

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use imds_dataplane::{Link, allow_many_connections};
use imds_host::{Account, ControlSocket, Host, HostSettings, MetricsSocket, TokenKeys};
use imds_identity::KeyStorage;
use imds_links::Plumber;
use tokio::runtime::Builder;

use super::{cannot_log, cannot_start};
use crate::cli::{ControlAddress, ServeArgs};
use crate::credential_source::{Renewals, Renewing};
use crate::error::CommandError;
use crate::reload::Reload;
use crate::signals::LogSignals;
use crate::telemetry::{AccessLog, Messages, Output};
use crate::terminal;
use plan::{Plan, Reloadable};
use privileges::{drop_privileges, start_plumber};

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode, CommandError> {
    let (plan, reloadable) = Plan::resolve(args)?;
    // Before anything is open that the helper should not have, and before there are threads.
    let plumber = start_plumber(&plan)?;
    let messages = Messages::start(plan.logs.format, &plan.logs.filter);
    if !plan.ignored.is_empty() {
        tracing::warn!("not served of --aemm-config: {}", plan.ignored.join(", "));
    }
    // From here on a rotation of logs does not end the process, however long the start takes.
    let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot_start)?;
    let signals = runtime.block_on(async { LogSignals::listen() }).map_err(cannot_start)?;
    let logs = plan.logs.clone();
    let output = Output::open(&logs.access).map_err(|error| cannot_log(&logs.access, error))?;
    let sockets = Sockets::listen(&plan)?;

    let workloads = plan.workloads.clone();
    let Sockets { links, addresses, control, metrics } = sockets;
    let (host, renewing, greeting) = start(plan, (control, metrics), &addresses, plumber)?;
    let signals = runtime.block_on(async { signals.and_stop() }).map_err(cannot_start)?;
    // Before the first request, so that none is missing.
    let access_log = output.map(|output| AccessLog::start(&host, output, logs.format));
    let access_log = access_log.transpose().map_err(cannot_start)?;
    for link in links {
        host.attach(link).map_err(cannot_start)?;
    }
    host.restore_links(&workloads)?;
    terminal::print(greeting)?;

    let Reloadable { document, response_args, log_args } = reloadable;
    let started_with = document;
    let mut reload = Reload { response_args, log_args, started_with, logs, messages, access_log };
    let signal = reload.until_stopped(&host, &runtime, signals);
    tracing::info!(signal, "stopping: requests that have begun are still answered");
    host.drain();
    drop(renewing);
    Ok(ExitCode::SUCCESS)
}

/// What the service listens on.
struct Sockets {
    links: Vec<Link>,
    addresses: Vec<SocketAddr>,
    control: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

impl Sockets {
    fn listen(plan: &Plan) -> Result<Self, CommandError> {
        let links = plan.links.iter().map(listen::listen).collect::<Result<Vec<_>, _>>()?;
        let control = match plan.control {
            ControlAddress::Off => None,
            ControlAddress::At(address) => {
                Some(listen::listen_for_control(address, plan.authentication)?)
            }
        };
        let metrics = plan.metrics.map(listen::listen_for_metrics).transpose()?;
        let addresses = links.iter().filter_map(|link| link.address().ok()).collect();
        Ok(Self { links, addresses, control, metrics })
    }
}

/// Starts all but the links; gives also what is to be printed. Privileges end on the way.
fn start(
    mut plan: Plan,
    (control, metrics): (Option<TcpListener>, Option<TcpListener>),
    addresses: &[SocketAddr],
    plumber: Option<Plumber>,
) -> Result<(Host, Renewing, String), CommandError> {
    let store = plan.state.open()?;
    let renewals = Renewals::begin(plan.sources, &mut plan.launch)?;
    let account = Account::open(store.clone(), &plan.launch, plan.network)?;
    if plumber.is_some() {
        drop_privileges(&plan.links)?;
    }
    let renewing = renewals.start()?;
    let instance = account.instance().clone();
    let keys = plan.state.directory().map(|directory| KeyStorage::Directory(directory.to_owned()));
    let authentication = plan.authentication;
    let settings = HostSettings {
        policy: plan.policy,
        threads: plan.threads,
        token_keys: TokenKeys::Stored,
        key_storage: keys.unwrap_or_default(),
        has_default: plan.has_default,
        events: plan.events,
        control: control.map(|listener| ControlSocket { listener, authentication }),
        plumber,
        metrics: metrics.map(|listener| MetricsSocket { listener, version: env!("IMDS_VERSION") }),
    };
    allow_many_connections();
    let host = Host::start(account, settings)?;
    let region = instance.zone.region();
    let invitation = host
        .control_address()
        .map(|address| banner::invitation(&plan.state, &store, address, region))
        .transpose()?;
    let greeting = banner::banner(&instance, addresses, &plan.workloads)
        + &host.metrics_address().map(banner::metrics).unwrap_or_default()
        + &invitation.unwrap_or_default();
    Ok((host, renewing, greeting))
}
