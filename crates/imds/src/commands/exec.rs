//! `imds exec`: a program on an instance that lives as long as the program.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imds_core::network::Subnet;
use imds_core::{Endpoint, Flavour, Instance, Launch};
use imds_linux::process::Environment;
use imds_linux::socket;
use imds_store::{MemoryStore, Store};

use super::{cannot_log, cannot_start};
use crate::agent::{Agent, Current, Given, Link, Table};
use crate::cli::ExecArgs;
use crate::clock::unix_ms;
use crate::config::{Logs, Settings};
use crate::control::{Authentication, Control, ControlServer, Network};
use crate::credential_source::Renewals;
use crate::error::CommandError;
use crate::events::schedule::{Scheduled, Scheduler};
use crate::exec::{self, ExecRequest, InstanceFacts, SERVICE_V4};
use crate::first_boot::FirstBoot;
use crate::identity::{Keeping, Signers};
use crate::response_policy::ResponsePolicy;
use crate::sdk_settings::SdkSettings;
use crate::serve::{Listener, Server, Service};
use crate::settings::Destination;
use crate::state::{Place, access_key, default_instance, token_key};
use crate::telemetry::{AccessLog, Messages, Writer};
use crate::terminal;

/// Where the program finds the EC2 API: as near as the metadata, and as far from anybody else.
const CONTROL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(SERVICE_V4), 1339);

/// What lives as long as the program: the service, and the log that it still has to write.
struct Running {
    _account: Option<Served>,
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

fn try_run(mut args: ExecArgs) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&args.answers)?;
    let policy = ResponsePolicy::new(settings.policy(&args.answers));
    let logs = settings.logs(&args.logs, Destination::Off)?;
    if args.run_user_data.is_some() {
        args.instance.user_data.clone_from(&args.run_user_data);
    }
    let sources = args.instance.credential_sources(&settings.instance)?;
    let mut launch = args.instance.launch(settings.instance)?;
    let renewals = Renewals::begin(sources, &mut launch)?;
    let first_boot = args.run_user_data.map(|_| first_boot(&launch)).transpose()?;
    // What happens by the clock needs somewhere to be kept, too.
    let (instance, account) = if args.sandbox.control || !settings.events.is_empty() {
        let subnets = settings.subnet.into_iter().map(Subnet::from);
        let (instance, account) = Account::open(&launch, Network::of(&launch).with(subnets)?)?;
        (instance, Some(account))
    } else {
        (launch.settle()?, None)
    };
    let mut environment = Environment::default();
    let mut words = args.program;
    let mut scripts = Vec::new();
    let map_root = args.sandbox.map_root || first_boot.is_some();
    if let Some(first_boot) = first_boot {
        environment = FirstBoot::environment();
        words = first_boot.program();
        scripts = first_boot.into_scripts();
    }
    if let Some(account) = account.as_ref().filter(|_| args.sandbox.control) {
        environment.variables.extend(account.settings(&instance)?.variables());
    }
    let mut words = words.into_iter();
    let request = ExecRequest {
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
        hops: args.sandbox.hops.unwrap_or(args.sandbox.container.into()),
        map_root,
        egress: args.sandbox.egress,
        ipv6: instance.options.http_protocol_ipv6.is_enabled(),
        instance: facts(&instance)?,
        environment,
        scripts,
    };
    exec::run(request, |listeners| {
        Messages::start(logs.format, &logs.filter);
        let renewing = renewals.start()?;
        let account = account
            .map(|account| account.serve(&instance, settings.events, args.sandbox.control))
            .transpose()?;
        let table = account.as_ref().map(|served| Arc::clone(&served.table));
        let table = table.unwrap_or_else(|| of_one(&instance));
        start(listeners, table, account, policy, &logs).map(|running| (running, renewing))
    })
}

/// The scripts to run instead of a program.
fn first_boot(launch: &Launch) -> Result<FirstBoot, CommandError> {
    let first_boot = FirstBoot::of(launch.user_data.as_deref().unwrap_or_default())?;
    for (name, kind) in &first_boot.left_out {
        eprintln!(
            "imds: warning: {name} of the user data is not run, being {kind}: only scripts are"
        );
    }
    Ok(first_boot)
}

/// An account of the program's own, in memory.
struct Account {
    store: Arc<dyn Store>,
    network: Network,
    given: Given,
}

/// An account in force.
struct Served {
    table: Current,
    _agent: Agent,
    _scheduler: Scheduler,
    _control: Option<ControlServer>,
}

impl Account {
    /// One with a key and with this instance. Starts no thread.
    fn open(launch: &Launch, network: Network) -> Result<(Instance, Self), CommandError> {
        let store = Arc::new(MemoryStore::new());
        access_key::ensure(&*store, unix_ms() / 1000)?;
        let instance = default_instance::ensure(&*store, launch.clone(), &network)?;
        let given = Given::of(launch, &instance.id);
        Ok((instance, Self { store, network, given }))
    }

    fn settings(&self, instance: &Instance) -> Result<SdkSettings, CommandError> {
        SdkSettings::of(&*self.store, CONTROL, instance.zone.region().clone())
    }

    /// Brings what is in the account into force, and the EC2 API up if it is wanted, in the calling
    /// thread's network.
    fn serve(
        self,
        instance: &Instance,
        events: Vec<Scheduled>,
        with_control: bool,
    ) -> Result<Served, CommandError> {
        let Self { store, network, given } = self;
        let region = instance.zone.region().clone();
        let (agent, table) = Agent::start(Arc::clone(&store), given)?;
        let scheduler =
            Scheduler::start(events, Arc::clone(&store), region.clone()).map_err(cannot_start)?;
        let control = with_control.then(|| Control {
            store,
            table: Arc::clone(&table),
            network,
            region,
            authentication: Authentication::Signature,
        });
        let control = control.map(|control| {
            let listener = socket::listen(CONTROL).map_err(std::io::Error::other)?;
            ControlServer::start(control, listener)
        });
        let control = control.transpose().map_err(cannot_start)?;
        if control.is_some() && terminal::is_interactive() {
            terminal::print(greeting(instance))?;
        }
        Ok(Served { table, _agent: agent, _scheduler: scheduler, _control: control })
    }
}

/// For people who have just opened a shell.
fn greeting(instance: &Instance) -> String {
    let (id, options) = (&instance.id, &instance.options);
    let other_limit = if options.hop_limit.get() == 1 { 2 } else { 1 };
    format!(
        "This is {id} ({kind}), HttpTokens={tokens}, HttpPutResponseHopLimit={limit}. Try:\n  \
         curl -X PUT http://{SERVICE_V4}/latest/api/token \
         -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'\n  \
         aws ec2 modify-instance-metadata-options --instance-id {id} \
         --http-put-response-hop-limit {other_limit}\n  \
         imds instance show\n",
        kind = instance.instance_type,
        tokens = options.http_tokens,
        limit = options.hop_limit.get(),
    )
}

/// A table that nothing changes.
fn of_one(instance: &Instance) -> Current {
    Arc::new(ArcSwap::from_pointee(Table::of_one(Arc::new(Endpoint::new(instance)))))
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
    table: Current,
    account: Option<Served>,
    policy: ResponsePolicy,
    logs: &Logs,
) -> Result<Running, CommandError> {
    let log = AccessLog::start(&logs.access, logs.format);
    let log = log.map_err(|error| cannot_log(&logs.access, error))?;
    let (access_log, writer) = log.unzip();
    // So that `imds identity certificate` has the certificate, and nothing is left behind.
    let keys = Place::default_file().ok();
    let keys = keys.as_ref().and_then(Place::directory);
    let keys = keys.map_or(Keeping::Nowhere, |directory| Keeping::IfIn(directory.to_owned()));
    let service = Service {
        listeners: listeners
            .into_iter()
            .map(|socket| Listener::new(socket, Link::Shared))
            .collect(),
        keyring: token_key::ephemeral()?,
        table,
        signers: Signers::new(keys),
        policy,
        access_log,
        // One program's requests.
        threads: NonZeroUsize::MIN,
    };
    let server = service.start().map_err(cannot_start)?;
    Ok(Running { _account: account, _server: server, _writer: writer })
}
