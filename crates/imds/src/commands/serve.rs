//! `imds serve`: one instance's metadata, until told to stop.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

use imds_core::network::Subnet;
use imds_core::placement::Region;
use imds_core::{Flavour, HttpTokens, Instance, Launch, Switch};
use imds_store::Store;

use super::{cannot_log, cannot_start};
use crate::aemm::Aemm;
use crate::agent::{Agent, Given, Link};
use crate::cli::{ControlAddress, ListenAddress, ServeArgs};
use crate::clock::unix_ms;
use crate::config::Settings;
use crate::control::{Authentication, Control, ControlServer, Network};
use crate::credential_source::Renewals;
use crate::error::{CommandError, Kind};
use crate::events::schedule::Scheduler;
use crate::identity::{Keeping, Signers};
use crate::reload::Reload;
use crate::response_policy::ResponsePolicy;
use crate::sdk_settings::SdkSettings;
use crate::serve::{Listener, Service, allow_many_connections, default_threads};
use crate::settings::Destination;
use crate::shell::Shell;
use crate::signals::LogSignals;
use crate::state::{Place, access_key, control_address, default_instance, token_key};
use crate::telemetry::{AccessLog, Messages};
use crate::terminal;

const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1338);

const DEFAULT_CONTROL: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1339);

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode, CommandError> {
    let aemm = args.aemm_config.as_deref().map(|file| Aemm::read(file, unix_ms() / 1000));
    let mut aemm = aemm.transpose()?;
    let mut settings = match &mut aemm {
        Some(aemm) => mem::take(&mut aemm.settings),
        None => Settings::load(&args.answers)?,
    };
    let policy = ResponsePolicy::new(settings.policy(&args.answers));
    let logs = settings.logs(&args.logs, Destination::Stderr)?;
    let threads = args.threads.or(settings.threads).unwrap_or_else(default_threads);
    let default = ListenAddress { address: DEFAULT_ADDRESS, instance: None };
    let addresses = [args.listen, settings.listen, vec![default]];
    let addresses = addresses.into_iter().find(|addresses| !addresses.is_empty());
    let addresses = addresses.unwrap_or_default();
    let control = args.control.control.or(settings.control);
    let control = control.unwrap_or(ControlAddress::At(DEFAULT_CONTROL));
    let place = args.control.state.or(settings.state).map(Place::new);
    let place = place.map_or_else(Place::default_file, Ok)?;
    let sources = args.instance.credential_sources(&settings.instance)?;
    let mut launch = args.instance.launch(settings.instance)?;
    if let Some(aemm) = &aemm {
        aemm.complete(&mut launch);
    }
    // Mistakes are told before anything is touched.
    launch.clone().settle()?;
    let network = Network::of(&launch).with(settings.subnet.into_iter().map(Subnet::from))?;
    check_ipv6(&addresses, &launch)?;
    let messages = Messages::start(logs.format, &logs.filter);
    if let Some(Aemm { ignored, .. }) = aemm.filter(|aemm| !aemm.ignored.is_empty()) {
        tracing::warn!("not served of --aemm-config: {}", ignored.join(", "));
    }
    let log = AccessLog::start(&logs.access, logs.format);
    let log = log.map_err(|error| cannot_log(&logs.access, error))?;
    let (access_log, writer) = log.unzip();
    // From here on a rotation of logs does not end the process, however long the start takes.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(cannot_start)?;
    let signals = runtime.block_on(async { LogSignals::listen() }).map_err(cannot_start)?;
    let mut reload = Reload {
        response_args: args.answers,
        log_args: args.logs,
        started_with: mem::take(&mut settings.document),
        logs,
        policy: policy.clone(),
        messages,
        writer,
    };

    let listeners = addresses.iter().map(listen).collect::<Result<Vec<_>, _>>()?;
    let control_socket = match control {
        ControlAddress::Off => None,
        ControlAddress::At(address) => Some(listen_for_control(address, args.control.no_auth)?),
    };

    let addresses: Vec<_> =
        listeners.iter().filter_map(|listener| listener.address().ok()).collect();

    let store = place.open()?;
    let keyring = token_key::kept(&*store)?;
    access_key::ensure(&*store, unix_ms() / 1000)?;
    let _renewing = Renewals::begin(sources, &mut launch)?.start()?;
    let instance = default_instance::ensure(&*store, launch.clone(), &network)?;
    let control_address = control_socket.as_ref().and_then(|socket| socket.local_addr().ok());
    control_address::keep(&*store, control_address)?;
    let region = instance.zone.region();
    let invitation = control_address
        .map(|address| invitation(&place, &*store, address, region))
        .transpose()?
        .unwrap_or_default();
    let given = Given::of(&launch, &instance.id);
    let (agent, table) = Agent::start(Arc::clone(&store), given)?;
    let keys = place.directory().map_or(Keeping::Nowhere, |it| Keeping::In(it.to_owned()));
    let signers = Signers::new(keys);

    allow_many_connections();
    let signals = runtime.block_on(async { signals.and_stop() }).map_err(cannot_start)?;
    let service = Service {
        listeners,
        keyring,
        table: Arc::clone(&table),
        signers,
        policy,
        access_log,
        threads,
    };
    let server = service.start().map_err(cannot_start)?;
    let region = instance.zone.region().clone();
    let scheduler = Scheduler::start(settings.events, Arc::clone(&store), region.clone())
        .map_err(cannot_start)?;
    terminal::print(banner(&instance, &addresses) + &invitation)?;
    let control = control_socket
        .map(|socket| {
            let no_auth = args.control.no_auth;
            let authentication =
                if no_auth { Authentication::Off } else { Authentication::Signature };
            let control = Control { store, table, network, region, authentication };
            ControlServer::start(control, socket)
        })
        .transpose()
        .map_err(cannot_start)?;

    let signal = reload.until_stopped(&runtime, signals);
    tracing::info!(signal, "stopping: requests that have begun are still answered");
    server.drain();
    drop(scheduler);
    drop(control);
    agent.stop();
    Ok(ExitCode::SUCCESS)
}

/// Whoever listens on an IPv6 address from the start means to be answered there.
fn check_ipv6(addresses: &[ListenAddress], launch: &Launch) -> Result<(), CommandError> {
    let enabled = launch.options.http_protocol_ipv6.is_some_and(Switch::is_enabled);
    let ipv6 =
        addresses.iter().find(|listen| listen.address.is_ipv6() && listen.instance.is_none());
    let Some(ListenAddress { address, .. }) = ipv6.filter(|_| !enabled) else { return Ok(()) };
    let on_xen = launch.instance_type.as_ref().is_none_or(|it| it.flavour() == Flavour::Xen);
    let nitro = if on_xen { "--instance-type t3.micro " } else { "" };
    Err(CommandError::usage(format!(
        "cannot listen on {address}: the instance's IPv6 endpoint is disabled"
    ))
    .hint(format!("{nitro}--http-protocol-ipv6 enabled")))
}

fn listen(listen: &ListenAddress) -> Result<Listener, CommandError> {
    let ListenAddress { address, instance } = listen;
    let link = instance.clone().map_or(Link::Shared, Link::Instance);
    Listener::bind(*address, link).map_err(|error| {
        cannot_listen(*address, error, "--listen 127.0.0.1:0 takes any that is free")
    })
}

fn listen_for_control(address: SocketAddr, no_auth: bool) -> Result<TcpListener, CommandError> {
    if no_auth && !address.ip().is_loopback() {
        return Err(CommandError::usage(format!(
            "--no-auth lets whoever reaches {address} use the EC2 API: it is for loopback only"
        ))
        .hint("leave out --no-auth, or say --control 127.0.0.1:1339"));
    }
    TcpListener::bind(address).map_err(|error| {
        let hint = "--control 127.0.0.1:0 takes any that is free, --control off none";
        cannot_listen(address, error, hint)
    })
}

fn cannot_listen(address: SocketAddr, error: io::Error, another: &str) -> CommandError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Unavailable,
    };
    let refused = CommandError::new(kind, format!("cannot listen on {address}"));
    let refused = match error.kind() {
        io::ErrorKind::AddrInUse => refused
            .hint(format!("see who listens there: ss -ltnp 'sport = :{}'", address.port()))
            .hint(format!("or take another port: {another}")),
        io::ErrorKind::PermissionDenied => {
            refused.hint("ports below 1024 need root; take another: --listen 127.0.0.1:1338")
        }
        io::ErrorKind::AddrNotAvailable => {
            refused.hint("this machine has no such address; see `ip address`")
        }
        _ => refused,
    };
    refused.caused_by(error)
}

/// What is served, and a line to paste.
fn banner(instance: &Instance, addresses: &[SocketAddr]) -> String {
    let urls: Vec<_> = addresses.iter().map(|address| format!("http://{address}")).collect();
    let options = &instance.options;
    let url = urls.first().map_or("", String::as_str);
    let example = match options.http_tokens {
        HttpTokens::Optional => format!("curl {url}/latest/meta-data/"),
        HttpTokens::Required => format!(
            "TOKEN=$(curl -sX PUT {url}/latest/api/token \
             -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600')\n    \
             curl -H \"X-aws-ec2-metadata-token: $TOKEN\" {url}/latest/meta-data/"
        ),
    };
    format!(
        "Serving {id} ({kind}, {image}, {zone}) on {urls}\n  \
         HttpTokens={tokens} HttpPutResponseHopLimit={hops} HttpEndpoint={endpoint} \
         HttpProtocolIpv6={ipv6} InstanceMetadataTags={tags}\n  Try:\n    {example}\n",
        id = instance.id,
        kind = instance.instance_type,
        image = instance.image.id,
        zone = instance.zone,
        urls = urls.join(", "),
        tokens = options.http_tokens.as_str(),
        hops = options.hop_limit,
        endpoint = options.http_endpoint.as_str(),
        ipv6 = options.http_protocol_ipv6.as_str(),
        tags = options.instance_metadata_tags.as_str(),
    )
}

/// Where the EC2 API is, and what to type so that programs use it. What is in memory nobody else can
/// look up, so it is shown.
fn invitation(
    place: &Place,
    store: &dyn Store,
    address: SocketAddr,
    region: &Region,
) -> Result<String, CommandError> {
    let is_usual = Place::default_file().is_ok_and(|usual| usual == *place);
    let file = match place {
        Place::File(_) if is_usual => String::new(),
        Place::File(path) => format!(" --state {}", Shell::Sh.quoted(&path.to_string_lossy())),
        Place::Memory => {
            let lines = SdkSettings::of(store, address, region.clone())?.lines(Shell::Sh);
            return Ok(format!("  The EC2 API is on http://{address}; paste to use it:\n{lines}"));
        }
    };
    Ok(format!(
        "  The EC2 API is on http://{address}; to use it:\n    eval \"$(imds env{file})\"\n"
    ))
}
