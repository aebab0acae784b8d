//! `imds exec`: a program on an instance that lives as long as the program.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::process::ExitCode;

use imds_account::{Network, Store};
use imds_control::{Authentication, PresetImage, RolePolicies};
use imds_core::network::{Ipv4Cidr, NetworkInterface, Subnet};
use imds_core::{FrontEnd, Instance, InstanceType, Launch};
use imds_dataplane::{Link, Target};
use imds_host::{Account, ControlSocket, Host, HostSettings};
use imds_identity::KeyStorage;
use imds_linux::process::{Environment, Variable};
use imds_linux::socket;
use imds_linux::user_namespace::Identity;
use imds_sandbox::{
    self as sandbox, ExecRequest, FirstBoot, InstanceFacts, InterfaceFacts, SERVICE_V4,
};

use super::{cannot_start, keep_memory_private};
use crate::cli::{ExecArgs, SandboxArgs};
use crate::config::{Logs, Settings, images};
use crate::credential_source::Renewals;
use crate::error::CommandError;
use crate::sdk_settings::SdkSettings;
use crate::settings::Destination;
use crate::state::StateLocation;
use crate::telemetry::{AccessLog, Messages, Output};
use crate::terminal::{self, warn};

/// Where the program finds the EC2 API: as near as the metadata, and as far from anybody else.
const CONTROL: SocketAddr = SocketAddr::new(IpAddr::V4(SERVICE_V4), 1339);

/// Runs the program; `exec`'s own failures all have the same exit code.
pub(crate) fn run(args: ExecArgs) -> ExitCode {
    try_run(args).unwrap_or_else(|error| {
        error.report();
        sandbox::FAILED.into()
    })
}

fn try_run(mut args: ExecArgs) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&args.answers)?;
    let policy = settings.policy(&args.answers);
    let faults = settings.faults(&args.answers);
    let logs = settings.logs(&args.logs, Destination::Off)?;
    if args.run_user_data.is_some() {
        args.instance.user_data.clone_from(&args.run_user_data);
    }
    let access_keys = settings.access_keys()?;
    let policies = settings.role_policies(&args.answers)?;
    if !args.answers.role_policy.is_empty() && !args.sandbox.control {
        return Err(CommandError::usage("--role-policy is about calls of the EC2 API and STS")
            .hint("add --control"));
    }
    let mut presets = settings.images()?;
    let sources = args.instance.credential_sources(&settings.instance)?;
    let mut launch = args.instance.launch(settings.instance)?;
    images::join(&mut launch, &mut presets)?;
    let renewals = Renewals::begin(sources, &mut launch)?;
    let first_boot = args.run_user_data.as_ref().map(|_| first_boot(&launch)).transpose()?;
    let with_control = args.sandbox.control;
    // Scheduled events change records, so they need an account too.
    let is_account_needed = with_control || !settings.events.is_empty();
    let subject = if is_account_needed {
        let subnets = settings.subnet.into_iter().map(Subnet::from);
        let network = Network::of(&launch).with(subnets)?;
        let store = Store::in_memory();
        access_keys.iter().try_for_each(|key| key.keep(&store))?;
        Subject::Account(Box::new(Account::open(store, &launch, network)?))
    } else {
        Subject::Instance(Box::new(launch.resolve()?))
    };
    let mut request = request(&args.sandbox, args.program, first_boot, subject.instance())?;
    if let Subject::Account(account) = &subject
        && with_control
    {
        request.environment.variables.extend(sdk_variables(account, &policies)?);
    }
    sandbox::run(request, |sockets| {
        // Only now: until here others set up the process's namespaces by its files below `/proc`.
        keep_memory_private();
        let messages = Messages::start(logs.format, &logs.filter).map_err(cannot_start)?;
        let renewing = renewals.start()?;
        let settings = HostSettings {
            policy,
            faults,
            key_storage: key_storage(),
            events: settings.events,
            control: with_control
                .then(|| control_socket(policies, settings.instance_types, presets))
                .transpose()?,
            version: env!("IMDS_VERSION"),
            ..HostSettings::default()
        };
        let host = subject.serve(settings, with_control)?;
        // The host ends first: then the log has all that there is to write.
        let log = attach(&host, sockets, &logs)?;
        Ok((host, log, renewing, messages))
    })
}

/// What points SDKs at the EC2 API.
fn sdk_variables(
    account: &Account,
    policies: &RolePolicies,
) -> Result<Vec<Variable>, CommandError> {
    let region = account.instance().zone.region().clone();
    let settings = SdkSettings::of(account.store(), CONTROL, region)?;
    let role = account.instance().role.as_ref();
    let is_judged = role.is_some_and(|role| policies.has(&role.name));
    // SDKs look at the environment first, and then at the metadata.
    Ok(if is_judged { settings.without_keys() } else { settings.variables() })
}

/// What is served.
enum Subject {
    /// An account of the program's own, in memory.
    Account(Box<Account>),
    /// An instance that nothing changes.
    Instance(Box<Instance>),
}

impl Subject {
    fn instance(&self) -> &Instance {
        match self {
            Self::Account(account) => account.instance(),
            Self::Instance(instance) => instance,
        }
    }

    /// Serves it in the calling thread's network, and greets a person who can use the EC2 API.
    fn serve(self, settings: HostSettings, with_control: bool) -> Result<Host, CommandError> {
        match self {
            Self::Account(account) => {
                let greeting = greeting(account.instance());
                let host = Host::start(*account, settings)?;
                if with_control && terminal::is_interactive() {
                    terminal::print(greeting)?;
                }
                Ok(host)
            }
            Self::Instance(instance) => Ok(Host::of_one(&instance, settings)?),
        }
    }
}

/// The program that is to run, and the machine that it is to see.
fn request(
    sandbox: &SandboxArgs,
    program: Vec<OsString>,
    first_boot: Option<FirstBoot>,
    instance: &Instance,
) -> Result<ExecRequest, CommandError> {
    let map_root = sandbox.map_root || first_boot.is_some();
    let (words, environment, scripts) = match first_boot {
        Some(first_boot) => {
            (first_boot.program(), FirstBoot::environment(), first_boot.into_scripts())
        }
        None => (program, Environment::default(), Vec::new()),
    };
    let mut words = words.into_iter();
    Ok(ExecRequest {
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
        hops: sandbox.hops.unwrap_or(sandbox.container.into()),
        identity: if map_root { Identity::Root } else { Identity::Own },
        egress: sandbox.egress,
        host_sockets: sandbox.host_sockets,
        ipv6: instance.options.http_protocol_ipv6.is_enabled(),
        instance: facts(instance)?,
        environment,
        scripts,
    })
}

fn control_socket(
    policies: RolePolicies,
    instance_types: Vec<InstanceType>,
    images: Vec<PresetImage>,
) -> Result<ControlSocket, CommandError> {
    let listener = socket::listen(CONTROL).map_err(cannot_start)?;
    let authentication = Authentication::Signature;
    Ok(ControlSocket { listener, authentication, policies, instance_types, images, console: None })
}

/// The keys of `imds serve`, so that `imds identity certificate` has the certificate; where there are
/// none, nothing is left behind.
fn key_storage() -> KeyStorage {
    let location = StateLocation::default_file().ok();
    let directory = location.as_ref().and_then(StateLocation::directory);
    directory.map_or(KeyStorage::Ephemeral, |it| KeyStorage::ReadOnly(it.to_owned()))
}

/// Serves the sandbox's sockets, with the access log if there is to be one.
fn attach(
    host: &Host,
    sockets: Vec<TcpListener>,
    logs: &Logs,
) -> Result<Option<AccessLog>, CommandError> {
    let output = Output::open(&logs.access)?;
    let log = output.map(|output| AccessLog::start(host, output, logs.format));
    let log = log.transpose().map_err(cannot_start)?;
    for socket in sockets {
        host.attach(Link::new(socket, Target::BySource)).map_err(cannot_start)?;
    }
    Ok(log)
}

/// The scripts to run instead of a program.
fn first_boot(launch: &Launch) -> Result<FirstBoot, CommandError> {
    let first_boot = FirstBoot::of(launch.user_data.as_deref().unwrap_or_default())?;
    for warning in &first_boot.warnings {
        warn(warning);
    }
    for (name, kind) in &first_boot.left_out {
        warn(format_args!("{name} of the user data is not run, being {kind}: only scripts are"));
    }
    Ok(first_boot)
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

/// The addresses of an interface behind the first so many of each kind, with the lengths of their prefixes.
fn addresses(interface: &NetworkInterface, first: usize) -> Vec<(IpAddr, u8)> {
    let length = interface.subnet.ipv4.map_or(32, Ipv4Cidr::prefix);
    let ipv4 = interface.ipv4.iter().skip(first).map(|it| (it.address.into(), length));
    let ipv6 = interface.ipv6.iter().skip(first).map(|&it| (it.into(), 128));
    ipv4.chain(ipv6).collect()
}

fn facts(instance: &Instance) -> Result<InstanceFacts, CommandError> {
    let interface = instance.primary_interface();
    let (Some(private_ipv4), Some(subnet)) = (interface.private_ipv4(), interface.subnet.ipv4)
    else {
        return Err(CommandError::usage("the sandbox needs an instance with an IPv4 address"));
    };
    let all = instance.interfaces.iter().flat_map(|it| addresses(it, 0));
    if let Some((address, _)) = all.into_iter().find(|(address, _)| address.is_loopback()) {
        let message = format!("{address} is a loopback address, which no other machine reaches");
        return Err(
            CommandError::usage(message).hint("imds serve answers programs of this machine")
        );
    }
    Ok(InstanceFacts {
        id: instance.id.to_string(),
        instance_type: instance.instance_type.to_string(),
        is_xen: instance.instance_type.front_end() == FrontEnd::Xen,
        private_ipv4,
        subnet_prefix_len: subnet.prefix(),
        ipv6: interface.ipv6.first().copied(),
        mac: interface.mac.0,
        // What the first addresses are is said above.
        more_addresses: addresses(interface, 1),
        more_interfaces: instance
            .interfaces
            .iter()
            .filter(|it| it.id != interface.id)
            .map(|it| InterfaceFacts { mac: it.mac.0, addresses: addresses(it, 0) })
            .collect(),
        hostname: instance.hostname(),
    })
}
