//! Settings: a TOML file and the command line, joined and resolved to what the service runs with.

use std::fs::File;
use std::io::{self, Read as _};
use std::mem;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imds_core::credentials::{AccessKeys, RoleKeys};
use imds_core::extra::Extra;
use imds_core::instance::PublicKey;
use imds_core::launch::{Launch, LaunchError, LaunchRole, MAX_USER_DATA};
use imds_core::options::Preferences;
use imds_core::wire::KeepAlive;
use imds_dataplane::ResponsePolicy;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::cli::{AnswerArgs, ControlAddress, ListenAddress, LogArgs};
use crate::credential_source::{CredentialSource, CredentialSources, Provider};
use crate::error::CommandError;
use crate::overlay;
use crate::settings::deserialize::{
    all_from_text, duration_from_text, from_text, paths_from_table,
};
use crate::settings::{
    Destination, InstanceSettings, KeepAliveRule, LogFilter, LogFormat, RoleSettings,
    SubnetSettings, time,
};
use imds_account::network::SubnetError;
use imds_host::{LinkSpec, Scheduled};

/// A settings file. Every key outside of a table is the name of a flag.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "all_from_text")]
    pub(crate) listen: Vec<ListenAddress>,
    #[serde(deserialize_with = "all_from_text")]
    pub(crate) link: Vec<LinkSpec>,
    pub(crate) force_links: bool,
    pub(crate) no_default_instance: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) metrics: Option<SocketAddr>,
    #[serde(deserialize_with = "from_text")]
    pub(crate) control: Option<ControlAddress>,
    pub(crate) state: Option<PathBuf>,
    keep_alive: Option<KeepAliveRule>,
    #[serde(deserialize_with = "duration_from_text")]
    stall: Option<Duration>,
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
        let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, error))?;
        let mut settings: Self = parse(path, &text)?;
        settings.document = parse(path, &text)?;
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
            image: settings.ami.unwrap_or_default().into(),
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

impl RoleSettings {
    /// The source of the role's credentials, if one is set.
    fn source(&self) -> Result<Option<CredentialSource>, CommandError> {
        let Self { access_key_id, credential_process, profile, role_arn, .. } = self;
        let key_id = access_key_id.as_ref();
        let provider = match (key_id, credential_process, role_arn, profile.clone()) {
            (_, None, None, None) => return Ok(None),
            (None, Some(line), None, None) => Provider::Process(line.clone()),
            (None, None, None, Some(profile)) => Provider::Profile(profile),
            (None, None, Some(arn), profile) => Provider::Role { arn: arn.clone(), profile },
            _ => {
                return Err(CommandError::usage(
                    "a role has credentials from one source: access-key-id with secret-access-key and session-token, or \
                     credential-process, or profile, or role-arn with or without a profile",
                ));
            }
        };
        Ok(Some(CredentialSource { provider, sts_endpoint: self.sts_endpoint.clone() }))
    }

    /// The keys in the settings, if there are any.
    fn keys(self) -> Result<Option<RoleKeys>, CommandError> {
        let keys = match (self.access_key_id, self.secret_access_key, self.session_token) {
            (None, None, None) => None,
            (Some(access_key_id), Some(secret_access_key), Some(session_token)) => {
                Some(AccessKeys { access_key_id, secret_access_key, session_token })
            }
            _ => {
                return Err(CommandError::usage(
                    "role credentials need access-key-id, secret-access-key and session-token: \
                     set all three, or none",
                ));
            }
        };
        let expires = self.expiration.map(|text| time(&text)).transpose();
        let expires =
            expires.map_err(|error| CommandError::usage(format!("expiration: {error}")))?;
        Ok(keys.map(|keys| RoleKeys::Given(keys, expires)))
    }
}

/// The role of the instance profile. If only the profile is set, its role has the same name.
fn role(
    role: Option<RoleSettings>,
    profile_name: Option<String>,
) -> Result<Option<LaunchRole>, CommandError> {
    let Some(mut role) = role else {
        return Ok(profile_name.map(LaunchRole::named));
    };
    let name = role.name.take().ok_or_else(|| {
        CommandError::usage("[instance.role] has no name").hint("add a line: name = \"my-role\"")
    })?;
    Ok(Some(LaunchRole { name, profile_name, keys: role.keys()? }))
}

fn identity_keys(role: RoleSettings) -> Result<Option<RoleKeys>, CommandError> {
    if role.name.is_some() {
        let message = "[instance.identity-role] takes no name: EC2 calls it ec2-instance";
        return Err(CommandError::usage(message));
    }
    role.keys()
}

fn read_user_data(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there are too many, however many there are.
    let limit = MAX_USER_DATA as u64 + 1;
    let read = if path.as_os_str() == "-" {
        io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| cannot_read(path, error))?;
    Ok(bytes)
}

fn read_public_key(path: &Path) -> Result<PublicKey, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, error))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let settings = parse(
            r#"
            listen = ["127.0.0.1:80", "[::1]:80"]
            threads = 2
            keep-alive = "http"
            stall = "500ms"
            [instance]
            ami = "al2"
            hop-limit = 3
            http-tokens = "required"
            tags = { Name = "web-1" }
            role = { name = "my-role" }
            "#,
        )
        .unwrap();
        assert_eq!(settings.listen.len(), 2);
        assert_eq!(settings.stall, Some(Duration::from_millis(500)));
        let flags = InstanceSettings { hop_limit: "5".parse().ok(), ..<_>::default() };
        let launch = flags.launch(settings.instance).map_err(|e| e.to_string()).unwrap();
        let instance = launch.resolve().unwrap();
        assert_eq!(instance.options.hop_limit.get(), 5, "the command line wins");
        assert_eq!(instance.options.http_tokens.as_str(), "required");
        assert_eq!(instance.tags.iter().count(), 1);
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (text, line, word) in [
            ("\n[instance]\nhop-limit = 65\n", "line 3, column 13", "1 to 64"),
            ("[instance]\nhop_limit = 1\n", "line 2, column 1", "unknown field `hop_limit`"),
            ("[[subnet]]\nid = \"subnet-1\"\n", "line 2, column 6", "subnet"),
            ("[[subnet]]\nid = \"subnet-11111111\"\n", "line 1, column 1", "availability-zone"),
            ("stall = \"soon\"\n", "line 1, column 9", "such as 2s"),
            ("[instance.role]\nnam = \"x\"\n", "line 2, column 1", "unknown field"),
            ("\n[[event]]\nkind = \"rebalance\"\n", "line 2, column 1", "after, at or every"),
            ("[instance.block-devices]\nsdb = \"ram\"\n", "line 1, column 1", "ephemeral0"),
            ("[[instance.interface]]\npublic-ipv4 = '1.2.3.4'", "line 1, column 1", "needs ipv4"),
            ("[instance.placement]\nhost-id = \"x\"\n", "line 2, column 11", "h-"),
            ("[paths]\n\"api/token\" = \"x\"\n", "line 1, column 1", "the first is not api"),
        ] {
            let error = parse(text).err().unwrap();
            assert!(error.contains(line) && error.contains(word), "{text}: {error}");
        }
    }
}
