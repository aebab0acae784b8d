//! Settings: a TOML file and the command line, joined and resolved to what the service runs with.

mod access_keys;
pub(crate) mod images;
mod roles;
#[cfg(test)]
mod tests;

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imds_core::InstanceType;
use imds_core::extra::Extra;
use imds_core::fault::FaultRule;
use imds_core::instance::PublicKey;
use imds_core::launch::{Launch, LaunchError, MAX_USER_DATA};
use imds_core::options::{Preferences, Switch};
use imds_core::wire::KeepAlive;
use imds_dataplane::ResponsePolicy;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::cli::{AnswerArgs, ControlAddress, ListenAddress, LogArgs};
use crate::credential_source::CredentialSources;
use crate::error::CommandError;
use crate::input_file::{self, MOST_KEY, MOST_SETTINGS};
use crate::overlay;
use crate::settings::deserialize::{
    all_from_text, duration_from_text, from_text, paths_from_table,
};
use crate::settings::{
    AccessKeySettings, Destination, ImageSettings, InstanceSettings, KeepAliveRule, LogFilter,
    LogFormat, RolePolicyFile, RoleSettings, SubnetSettings,
};
pub(crate) use access_keys::{WantedKey, chosen_key};
use imds_account::network::SubnetError;
use imds_account::records::{Follows, WhenCutOff};
use imds_control::{PresetImage, RolePolicies};
use imds_host::{LinkSpec, Scheduled};
use roles::{identity_keys, role, role_policies};

/// A settings file. Every key outside of a table is the name of a flag.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key")]
pub(crate) struct Settings {
    #[serde(deserialize_with = "all_from_text")]
    pub(crate) listen: Vec<ListenAddress>,
    #[serde(deserialize_with = "all_from_text")]
    pub(crate) link: Vec<LinkSpec>,
    pub(crate) force_links: bool,
    pub(crate) no_default_instance: bool,
    pub(crate) allow_pages: bool,
    pub(crate) no_seccomp: bool,
    pub(crate) no_landlock: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) metrics: Option<SocketAddr>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) console: Option<SocketAddr>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) control: Option<ControlAddress>,
    pub(crate) state: Option<PathBuf>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) when_cut_off: Option<WhenCutOff>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) follow: Option<Follows>,
    #[serde(deserialize_with = "all_from_text")]
    role_policy: Vec<RolePolicyFile>,
    /// Instance types that the EC2 API launches beside those that it knows.
    #[serde(deserialize_with = "all_from_text")]
    pub(crate) instance_types: Vec<InstanceType>,
    keep_alive: Option<KeepAliveRule>,
    #[serde(deserialize_with = "duration_from_text")]
    stall: Option<Duration>,
    #[serde(deserialize_with = "all_from_text")]
    fault: Vec<FaultRule>,
    #[serde(deserialize_with = "from_text")]
    log_level: Option<LogFilter>,
    log_format: Option<LogFormat>,
    access_log: Option<PathBuf>,
    pub(crate) instance: InstanceSettings,
    /// What happens by the clock.
    #[serde(rename = "event", deserialize_with = "crate::settings::events::scheduled")]
    pub(crate) events: Vec<Scheduled>,
    /// What the EC2 API adds to the default VPC.
    pub(crate) subnet: Vec<SubnetSettings>,
    /// Images of the account.
    image: Vec<ImageSettings>,
    /// Keys of the EC2 API that should be there.
    access_key: Vec<AccessKeySettings>,
    /// Values to put over the metadata, by path.
    #[serde(deserialize_with = "paths_from_table")]
    paths: Vec<Extra>,
    /// The whole file as it was written, for comparison with a later one.
    #[serde(skip)]
    pub(crate) document: Table,
}

/// What is logged, where, and in which form: all resolved.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    pub(crate) filter: LogFilter,
    pub(crate) format: LogFormat,
    pub(crate) access: Destination,
}

impl Settings {
    /// Reads the file that `args` name, or none.
    pub(crate) fn load(args: &AnswerArgs) -> Result<Self, CommandError> {
        args.config.as_deref().map_or_else(|| Ok(Self::default()), Self::read)
    }

    /// Reads a file. Paths in it are relative to it.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let text = input_file::read_text(path, MOST_SETTINGS);
        Self::of(path, &text.map_err(|error| cannot_read(path, error))?)
    }

    /// Reads a file again while the service runs: nothing is waited for.
    pub(crate) fn read_again(path: &Path) -> Result<Self, CommandError> {
        let text = input_file::read_regular_text(path, MOST_SETTINGS);
        Self::of(path, &text.map_err(|error| cannot_read(path, error))?)
    }

    fn of(path: &Path, text: &str) -> Result<Self, CommandError> {
        let mut settings: Self = parse(path, text)?;
        settings.document = parse(path, text)?;
        let directory = path.parent().unwrap_or(Path::new(""));
        let InstanceSettings { user_data, public_key, overlay, paths, .. } = &mut settings.instance;
        for file in [user_data, public_key, overlay] {
            *file = file.take().map(|file| directory.join(file));
        }
        settings.access_log =
            settings.access_log.take().map(|file| match Destination::parse(&file) {
                Destination::File(file) => directory.join(file),
                Destination::Stderr | Destination::Off => file,
            });
        *paths = mem::take(&mut settings.paths);
        let policies = mem::take(&mut settings.role_policy).into_iter();
        for key in &mut settings.access_key {
            key.secret_file = directory.join(&key.secret_file);
        }
        settings.role_policy = policies.map(|policy| policy.in_directory(directory)).collect();
        Ok(settings)
    }

    /// What is logged: `args` win over the file, and the environment is between them.
    pub(crate) fn logs(
        &self,
        args: &LogArgs,
        usual_access: Destination,
    ) -> Result<Logs, CommandError> {
        let access = args.access_log.as_ref().or(self.access_log.as_ref());
        Ok(Logs {
            filter: LogFilter::resolve(args.log_level.as_ref(), self.log_level.as_ref())?,
            format: args.log_format.or(self.log_format).unwrap_or_default(),
            access: access.map_or(usual_access, |path| Destination::parse(path)),
        })
    }

    /// The faults from the start: those of `args`, or else the file's.
    pub(crate) fn faults(&self, args: &AnswerArgs) -> Vec<FaultRule> {
        if args.fault.is_empty() { self.fault.clone() } else { args.fault.clone() }
    }

    /// The keys of the EC2 API that should be there.
    pub(crate) fn access_keys(&self) -> Result<Vec<WantedKey>, CommandError> {
        self.access_key.iter().map(WantedKey::read).collect()
    }

    /// The images of the account that the file names.
    pub(crate) fn images(&self) -> Result<Vec<PresetImage>, CommandError> {
        images::presets(&self.image)
    }

    /// What roles may do: the policies that `args` name, or else the file's.
    pub(crate) fn role_policies(&self, args: &AnswerArgs) -> Result<RolePolicies, CommandError> {
        let flags = &args.role_policy;
        role_policies(if flags.is_empty() { &self.role_policy } else { flags })
    }

    /// How requests are answered: `args` win over the file.
    pub(crate) fn policy(&self, args: &AnswerArgs) -> ResponsePolicy {
        ResponsePolicy {
            keep_alive: match args.keep_alive.or(self.keep_alive) {
                Some(KeepAliveRule::Http) => KeepAlive::Http,
                Some(KeepAliveRule::Ec2) | None => KeepAlive::Ec2,
            },
            stall: args.stall.or(self.stall),
        }
    }
}

/// Reads the text of a TOML file; a mistake in it is shown with its line and column.
fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, CommandError> {
    toml::from_str(text)
        .map_err(|error| CommandError::usage(format!("{}: {error}", path.display()).trim_end()))
}

impl InstanceSettings {
    /// These settings, and `other`'s where these say nothing.
    fn or(self, other: Self) -> Self {
        Self {
            ami: self.ami.or(other.ami),
            instance_id: self.instance_id.or(other.instance_id),
            instance_type: self.instance_type.or(other.instance_type),
            region: self.region.or(other.region),
            availability_zone: self.availability_zone.or(other.availability_zone),
            account: self.account.or(other.account),
            http_tokens: self.http_tokens.or(other.http_tokens),
            hop_limit: self.hop_limit.or(other.hop_limit),
            http_endpoint: self.http_endpoint.or(other.http_endpoint),
            http_protocol_ipv6: self.http_protocol_ipv6.or(other.http_protocol_ipv6),
            instance_metadata_tags: self.instance_metadata_tags.or(other.instance_metadata_tags),
            role: self.role.or(other.role),
            identity_role: self.identity_role.or(other.identity_role),
            extended_credentials: self.extended_credentials.or(other.extended_credentials),
            instance_profile: self.instance_profile.or(other.instance_profile),
            life_cycle: self.life_cycle.or(other.life_cycle),
            kernel_id: self.kernel_id.or(other.kernel_id),
            ramdisk_id: self.ramdisk_id.or(other.ramdisk_id),
            product_codes: if self.product_codes.is_empty() {
                other.product_codes
            } else {
                self.product_codes
            },
            tags: if self.tags.is_empty() { other.tags } else { self.tags },
            user_data: self.user_data.or(other.user_data),
            public_key: self.public_key.or(other.public_key),
            overlay: self.overlay.or(other.overlay),
            placement: other.placement,
            block_devices: other.block_devices,
            interfaces: other.interfaces,
            paths: other.paths,
        }
    }

    /// The sources of credentials: from the command line, or else from the file.
    pub(crate) fn credential_sources(
        &self,
        file: &Self,
    ) -> Result<CredentialSources, CommandError> {
        let source = |role: Option<&RoleSettings>| {
            role.map(RoleSettings::source).transpose().map(Option::flatten)
        };
        Ok(CredentialSources {
            role: source(self.role.as_ref().or(file.role.as_ref()))?,
            identity: source(file.identity_role.as_ref())?,
        })
    }

    /// The instance to launch: each setting from the command line, or else from the file.
    pub(crate) fn launch(self, file: Self) -> Result<Launch, CommandError> {
        let mut settings = self.or(file);
        if let Some(directory) = &settings.overlay {
            // The last value at a path is the one that is served.
            settings.paths.extend(overlay::read(directory)?);
        }
        Ok(Launch {
            instance_id: settings.instance_id,
            account: settings.account,
            image: settings.ami.unwrap_or_default(),
            instance_type: settings.instance_type,
            region: settings.region,
            zone: settings.availability_zone,
            options: Preferences {
                http_tokens: settings.http_tokens,
                hop_limit: settings.hop_limit,
                http_endpoint: settings.http_endpoint,
                http_protocol_ipv6: settings.http_protocol_ipv6,
                instance_metadata_tags: settings.instance_metadata_tags,
            },
            life_cycle: settings.life_cycle.unwrap_or_default(),
            placement: settings.placement.into(),
            block_devices: settings.block_devices,
            interfaces: settings.interfaces,
            kernel: settings.kernel_id,
            ramdisk: settings.ramdisk_id,
            product_codes: settings.product_codes,
            role: role(settings.role, settings.instance_profile)?,
            identity_keys: settings.identity_role.map(identity_keys).transpose()?.flatten(),
            extended_credentials: settings.extended_credentials.is_some_and(Switch::is_enabled),
            public_key: settings.public_key.as_deref().map(read_public_key).transpose()?,
            tags: settings.tags,
            user_data: settings.user_data.as_deref().map(read_user_data).transpose()?,
            extra: settings.paths,
            ..Launch::default()
        })
    }
}

impl From<LaunchError> for CommandError {
    fn from(error: LaunchError) -> Self {
        let refused = Self::usage(error.to_string());
        match error {
            LaunchError::Ipv6OnXen { instance_type } => refused.hint(format!(
                "{instance_type} is on Xen; use a Nitro type: --instance-type t3.micro"
            )),
            LaunchError::TagKey { .. } => {
                refused.hint("rename the tag, or leave out --instance-metadata-tags enabled")
            }
            LaunchError::ZoneElsewhere { zone, .. } => {
                refused.hint(format!("leave out --region, or set --region {}", zone.region()))
            }
            _ => refused,
        }
    }
}

impl From<SubnetError> for CommandError {
    fn from(error: SubnetError) -> Self {
        Self::usage(error.to_string()).hint("correct [[subnet]] in the settings file")
    }
}

fn read_user_data(path: &Path) -> Result<Vec<u8>, CommandError> {
    input_file::read_up_to(path, MAX_USER_DATA).map_err(|error| cannot_read(path, error))
}

fn read_public_key(path: &Path) -> Result<PublicKey, CommandError> {
    let text = input_file::read_text(path, MOST_KEY).map_err(|error| cannot_read(path, error))?;
    let line = text.trim();
    let mut words = line.split_ascii_whitespace();
    let (Some(_), Some(_), false) = (words.next(), words.next(), line.contains('\n')) else {
        return Err(CommandError::usage(format!(
            "{} does not hold one public key in OpenSSH format (`ssh-ed25519 AAAA… name`)",
            path.display()
        )));
    };
    let name = words.next().unwrap_or("my-key").to_owned();
    Ok(PublicKey { name, openssh: line.to_owned() })
}

fn cannot_read(path: &Path, error: io::Error) -> CommandError {
    CommandError::usage(format!("cannot read {}", path.display())).caused_by(error)
}
