//! The flags and the settings file of `imds serve`, resolved: nothing is touched yet.

use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use imds_account::Network;
use imds_account::clock::unix_ms;
use imds_account::records::{Follows, WhenCutOff};
use imds_control::{Authentication, PresetImage, RolePolicies};
use imds_core::fault::FaultRule;
use imds_core::network::Subnet;
use imds_core::{InstanceType, Launch};
use imds_dataplane::{ResponsePolicy, default_threads};
use imds_host::{LinkSpec, Scheduled};

use super::listen::check_ipv6;
use crate::aemm::Aemm;
use crate::cli::{ControlAddress, ListenAddress, ServeArgs};
use crate::config::{Logs, Settings, WantedKey, images};
use crate::credential_source::CredentialSources;
use crate::error::CommandError;
use crate::overlay::Overlay;
use crate::reload::Reloadable;
use crate::settings::Destination;
use crate::state::StateLocation;

const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1338);

const DEFAULT_CONTROL: ControlAddress =
    ControlAddress::At(SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1339));

/// What is to be served.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(super) struct Plan {
    pub(super) links: Vec<ListenAddress>,
    pub(super) workloads: Vec<LinkSpec>,
    pub(super) force_links: bool,
    pub(super) control: ControlAddress,
    pub(super) authentication: Authentication,
    pub(super) policies: RolePolicies,
    pub(super) instance_types: Vec<InstanceType>,
    pub(super) images: Vec<PresetImage>,
    pub(super) access_keys: Vec<WantedKey>,
    pub(super) state: StateLocation,
    pub(super) when_cut_off: WhenCutOff,
    pub(super) follows: Follows,
    pub(super) threads: NonZeroUsize,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) console: Option<SocketAddr>,
    pub(super) policy: ResponsePolicy,
    pub(super) faults: Vec<FaultRule>,
    /// Whether pages in a browser are answered on loopback.
    pub(super) allow_pages: bool,
    /// Whether a running service is to give its place up.
    pub(super) takes_over: bool,
    /// Whether system calls are filtered.
    pub(super) seccomp: bool,
    /// Whether files that no setting names are refused.
    pub(super) landlock: bool,
    /// The settings file and the directory of the overlay, which are read again while it runs.
    pub(super) config: Option<PathBuf>,
    pub(super) overlay: Option<PathBuf>,
    /// Whether addresses that are no instance's are the default instance's.
    pub(super) has_default: bool,
    pub(super) launch: Launch,
    pub(super) network: Network,
    pub(super) sources: CredentialSources,
    pub(super) events: Vec<Scheduled>,
    pub(super) logs: Logs,
    pub(super) ready_file: Option<PathBuf>,
    /// What `--aemm-config` says and this program does not serve.
    pub(super) ignored: Vec<String>,
}

impl Plan {
    /// Logs what makes the service answer otherwise than its operator may think.
    pub(super) fn log_oddities(&self) {
        for fault in &self.faults {
            tracing::info!(%fault, "requests are hit by a fault on demand");
        }
        if !self.ignored.is_empty() {
            tracing::warn!("not served of --aemm-config: {}", self.ignored.join(", "));
        }
    }

    /// Resolves flags and settings file; every mistake is told here.
    // long function: a line or two for each setting.
    pub(super) fn resolve(args: ServeArgs) -> Result<(Self, Reloadable), CommandError> {
        let aemm = args.aemm_config.as_deref().map(|file| Aemm::read(file, unix_ms() / 1000));
        let mut aemm = aemm.transpose()?;
        let settings = match &mut aemm {
            Some(aemm) => mem::take(&mut aemm.settings),
            None => Settings::load(&args.answers)?,
        };
        let policy = settings.policy(&args.answers);
        let faults = settings.faults(&args.answers);
        let access_keys = settings.access_keys()?;
        let policies = settings.role_policies(&args.answers)?;
        let mut presets = settings.images()?;
        let logs = settings.logs(&args.logs, Destination::Stderr)?;
        let workloads = or(args.workloads.link, settings.link);
        let follows = args.control.follow.or(settings.follow).unwrap_or_default();
        let usual = default_addresses(&workloads, follows);
        let links = or(or(args.listen, settings.listen), usual);
        let state = args.control.state.or(settings.state);
        let sources = args.instance.credential_sources(&settings.instance)?;
        let directory = args.instance.overlay.clone().or(settings.instance.overlay.clone());
        let (config, overlay) = (args.answers.config.clone(), directory.clone());
        let paths = settings.instance.paths.clone();
        let mut launch = args.instance.launch(settings.instance)?;
        if let Some(aemm) = &aemm {
            aemm.complete(&mut launch);
        }
        images::join(&mut launch, &mut presets)?;
        launch.clone().resolve()?;
        let network = Network::of(&launch).with(settings.subnet.into_iter().map(Subnet::from))?;
        check_ipv6(&links, &launch)?;
        let control = args.control.control.or(settings.control).unwrap_or(DEFAULT_CONTROL);
        let console = args.console.or(settings.console);
        check_console(console, &control)?;
        let state = StateLocation::resolve(state.as_deref())?;
        let when_cut_off = args.control.when_cut_off.or(settings.when_cut_off).unwrap_or_default();
        check_cut_off(when_cut_off, &state)?;
        check_follows(follows, &state, &links, &workloads)?;
        let reloadable = Reloadable {
            started_with: settings.document,
            response_args: args.answers,
            log_args: args.logs,
            overlay: Overlay::new(paths, directory, launch.clone()),
        };
        let plan = Self {
            links,
            workloads,
            force_links: args.workloads.force_links || settings.force_links,
            control,
            authentication: if args.control.no_auth {
                Authentication::Off
            } else {
                Authentication::Signature
            },
            policies,
            instance_types: settings.instance_types,
            images: presets,
            access_keys,
            state,
            when_cut_off,
            follows,
            threads: args.threads.or(settings.threads).unwrap_or_else(default_threads),
            metrics: args.metrics.or(settings.metrics),
            console,
            policy,
            faults,
            allow_pages: args.allow_pages || settings.allow_pages,
            takes_over: args.takeover,
            seccomp: !(args.no_seccomp || settings.no_seccomp),
            landlock: !(args.no_landlock || settings.no_landlock),
            config,
            overlay,
            has_default: !(args.no_default_instance || settings.no_default_instance),
            launch,
            network,
            sources,
            events: settings.events,
            logs,
            ready_file: args.ready_file,
            ignored: aemm.map(|aemm| aemm.ignored).unwrap_or_default(),
        };
        Ok((plan, reloadable))
    }
}

/// Browsers are let in by a command that asks the EC2 API.
fn check_console(
    console: Option<SocketAddr>,
    control: &ControlAddress,
) -> Result<(), CommandError> {
    if console.is_some() && matches!(control, ControlAddress::Off) {
        return Err(CommandError::usage(
            "--console needs the EC2 API, which lets browsers in, and --control is off",
        )
        .hint("leave out --control off"));
    }
    Ok(())
}

/// Nothing cuts a host off from a state of its own: whoever relies on a refusal means another state.
fn check_cut_off(when_cut_off: WhenCutOff, state: &StateLocation) -> Result<(), CommandError> {
    if when_cut_off == WhenCutOff::Refuse && !state.is_shared() {
        return Err(CommandError::usage(
            "--when-cut-off refuse is for a state that hosts share, and --state names one of this machine",
        )
        .hint("--state etcd://… names a shared one; else leave out --when-cut-off"));
    }
    Ok(())
}

/// A host that follows linked instances alone cannot tell whose a request's source address is.
fn check_follows(
    follows: Follows,
    state: &StateLocation,
    links: &[ListenAddress],
    workloads: &[LinkSpec],
) -> Result<(), CommandError> {
    if follows == Follows::All {
        return Ok(());
    }
    if !state.is_shared() {
        return Err(CommandError::usage(
            "--follow linked is for a state that hosts share, and --state names one of this machine",
        )
        .hint("--state etcd://… names a shared one; else leave out --follow"));
    }
    let listen = links.iter().find(|link| link.instance.is_none());
    let link = workloads.iter().find(|link| link.instance.is_none());
    let listen = listen.map(|it| (format!("--listen {}", it.address), "ADDRESS:PORT=INSTANCE"));
    let link = || link.map(|it| (format!("--link {}", it.place), "PLACE,instance=INSTANCE"));
    let Some((input, form)) = listen.or_else(link) else { return Ok(()) };
    Err(CommandError::usage(format!(
        "{input} names no instance, and with --follow linked each way to the metadata is for one"
    ))
    .hint(format!("write {form}, or --follow all")))
}

/// Where the metadata is if nobody says where, and there is no other way to it.
fn default_addresses(workloads: &[LinkSpec], follows: Follows) -> Vec<ListenAddress> {
    let default = ListenAddress { address: DEFAULT_ADDRESS, instance: None };
    let is_meant = workloads.is_empty() && follows == Follows::All;
    is_meant.then_some(default).into_iter().collect()
}

/// The command line's, or else the file's.
fn or<T>(flags: Vec<T>, file: Vec<T>) -> Vec<T> {
    if flags.is_empty() { file } else { flags }
}
