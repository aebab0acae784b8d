//! `imds exec`: a program on an instance that lives as long as the program.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imds_core::{Endpoint, Flavour, Instance};

use super::{cannot_log, cannot_start};
use crate::agent::{Link, Table};
use crate::cli::{ExecArgs, LogArgs};
use crate::config::{Answers, Settings};
use crate::error::CommandError;
use crate::exec::{self, ExecRequest, InstanceFacts};
use crate::identity::Signers;
use crate::serve::{Listener, Server, Service};
use crate::state::token_key;
use crate::telemetry::{self, AccessLog, Destination, Writer};

/// What lives as long as the program: the service, and the log that it still has to write.
struct Running {
    _server: Server,
    _writer: Option<Writer>,
}

/// Runs the program; `exec`'s own failures all have the same exit code.
pub(crate) fn run(args: ExecArgs) -> ExitCode {
    try_run(args).unwrap_or_else(|error| {
        error.report();
        exec::FAILED.into()
    })
}

fn try_run(args: ExecArgs) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&args.answers)?;
    let answers = settings.answers(&args.answers);
    let instance = args.instance.launch(settings.instance)?.settle()?;
    let mut words = args.program.into_iter();
    let request = ExecRequest {
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
        hops: args.sandbox.hops.unwrap_or(args.sandbox.container.into()),
        map_root: args.sandbox.map_root,
        egress: args.sandbox.egress,
        ipv6: instance.options.http_protocol_ipv6.is_enabled(),
        instance: facts(&instance)?,
    };
    exec::run(request, |listeners| start(listeners, &instance, answers, &args.logs))
}

fn facts(instance: &Instance) -> Result<InstanceFacts, CommandError> {
    let interface = instance.primary_interface();
    let (Some(private_ipv4), Some(subnet)) = (interface.private_ipv4(), interface.subnet.ipv4)
    else {
        return Err(CommandError::usage("the sandbox needs an instance with an IPv4 address"));
    };
    Ok(InstanceFacts {
        id: instance.id.to_string(),
        instance_type: instance.instance_type.to_string(),
        is_xen: instance.instance_type.flavour() == Flavour::Xen,
        private_ipv4,
        subnet_prefix_len: subnet.prefix(),
        ipv6: interface.ipv6.first().copied(),
        mac: interface.mac.0,
        hostname: instance.hostname(),
    })
}

fn start(
    listeners: Vec<TcpListener>,
    instance: &Instance,
    answers: Answers,
    logs: &LogArgs,
) -> Result<Running, CommandError> {
    telemetry::start(logs.log_format);
    let destination = logs.access_log.as_deref().map_or(Destination::Off, Destination::parse);
    let log = AccessLog::start(&destination, logs.log_format);
    let log = log.map_err(|error| cannot_log(&destination, error))?;
    let (access_log, writer) = log.unzip();
    let table = Table::of_one(Arc::new(Endpoint::new(instance)));
    let service = Service {
        listeners: listeners
            .into_iter()
            .map(|socket| Listener::new(socket, Link::Shared))
            .collect(),
        keyring: token_key::ephemeral()?,
        table: Arc::new(ArcSwap::from_pointee(table)),
        signers: Signers::default(),
        answers,
        access_log,
        // One program's requests.
        threads: NonZeroUsize::MIN,
    };
    let server = service.start().map_err(cannot_start)?;
    Ok(Running { _server: server, _writer: writer })
}
