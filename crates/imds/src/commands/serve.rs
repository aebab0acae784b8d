//! `imds serve`: one instance's metadata, until told to stop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imds_core::{Endpoint, Flavour, HttpTokens, Instance};

use super::{cannot_log, cannot_start};
use crate::agent::{Link, Table};
use crate::cli::ServeArgs;
use crate::config::Settings;
use crate::error::{CommandError, Kind};
use crate::identity::Signers;
use crate::serve::{Listener, Service, allow_many_connections, default_threads};
use crate::shutdown::Signals;
use crate::telemetry::{self, AccessLog, Destination};
use crate::{state, terminal};

const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1338);

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&args.answers)?;
    let answers = settings.answers(&args.answers);
    let threads = args.threads.or(settings.threads).unwrap_or_else(default_threads);
    let addresses = [args.listen, settings.listen, vec![DEFAULT_ADDRESS]];
    let addresses = addresses.into_iter().find(|addresses| !addresses.is_empty());
    let instance = args.instance.launch(settings.instance)?;
    let table = Table::of_one(Arc::new(Endpoint::new(&instance)));
    let listeners = addresses
        .iter()
        .flatten()
        .map(|address| listen(*address, &instance))
        .collect::<Result<Vec<_>, _>>()?;

    telemetry::start(args.logs.log_format);
    let destination =
        args.logs.access_log.as_deref().map_or(Destination::Stderr, Destination::parse);
    let log = AccessLog::start(&destination, args.logs.log_format);
    let log = log.map_err(|error| cannot_log(&destination, error))?;
    let (access_log, _writer) = log.unzip();
    let addresses: Vec<_> =
        listeners.iter().filter_map(|listener| listener.address().ok()).collect();
    let keyring = state::kept_keyring()?;
    let table = Arc::new(ArcSwap::from_pointee(table));
    let signers = Signers::new(Some(state::directory()?));

    allow_many_connections();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(cannot_start)?;
    let mut signals = runtime.block_on(async { Signals::listen() }).map_err(cannot_start)?;
    let service = Service { listeners, keyring, table, signers, answers, access_log, threads };
    let server = service.start().map_err(cannot_start)?;
    terminal::print(banner(&instance, &addresses))?;

    let signal = runtime.block_on(signals.wait());
    tracing::info!(signal, "stopping: requests that have begun are still answered");
    server.drain();
    Ok(ExitCode::SUCCESS)
}

fn listen(address: SocketAddr, instance: &Instance) -> Result<Listener, CommandError> {
    if address.is_ipv6() && !instance.options.http_protocol_ipv6.is_enabled() {
        let on_xen = instance.instance_type.flavour() == Flavour::Xen;
        let nitro = if on_xen { "--instance-type t3.micro " } else { "" };
        return Err(CommandError::usage(format!(
            "cannot listen on {address}: the instance's IPv6 endpoint is disabled"
        ))
        .hint(format!("{nitro}--http-protocol-ipv6 enabled")));
    }
    Listener::bind(address, Link::Shared).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => Kind::Denied,
            _ => Kind::Unavailable,
        };
        let refused = CommandError::new(kind, format!("cannot listen on {address}"));
        let refused = match error.kind() {
            io::ErrorKind::AddrInUse => refused
                .hint(format!("see who listens there: ss -ltnp 'sport = :{}'", address.port()))
                .hint("or take another port: --listen 127.0.0.1:0 takes any that is free"),
            io::ErrorKind::PermissionDenied => {
                refused.hint("ports below 1024 need root; take another: --listen 127.0.0.1:1338")
            }
            io::ErrorKind::AddrNotAvailable => {
                refused.hint("this machine has no such address; see `ip address`")
            }
            _ => refused,
        };
        refused.caused_by(error)
    })
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
