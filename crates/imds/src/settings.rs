//! Settings of the service and its instance. Each is defined once, for the command line (clap) and for
//! the settings file (serde).

mod access_key;
pub(crate) mod deserialize;
pub(crate) mod events;
mod hardware;
mod image;
mod logs;
mod role_policy;
#[cfg(test)]
mod schema_tests;
mod time;
mod words;

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use imds_core::block_device::BlockDevice;
use imds_core::extra::Extra;
use imds_core::ids::{KernelId, RamdiskId, SubnetId};
use imds_core::instance::LifeCycle;
use imds_core::launch::{LaunchImage, LaunchInterface};
use imds_core::network::{Ipv4Cidr, Ipv6Cidr, Subnet};
use imds_core::options::{HopLimit, HttpTokens, Switch};
use imds_core::placement::{Region, Zone};
use imds_core::tags::Tag;
use imds_core::{AccountId, InstanceId, InstanceType};
use serde::Deserialize;

pub(crate) use access_key::AccessKeySettings;
use deserialize::{from_text, required_from_text, tags_from_table};
use hardware::PlacementSettings;
pub(crate) use image::{ImageArchitecture, ImageSettings};
pub(crate) use logs::{Destination, LogFilter, LogFormat};
pub(crate) use role_policy::RolePolicyFile;
pub(crate) use time::{duration, time};
pub(crate) use words::{
    EXPECTATIONS, FOLLOW, LEVELS, MAINTENANCE_CODES, SIGNATURES, SPOT_ACTIONS, TARGET_STATES,
    WHEN_CUT_OFF, one_of,
};
use words::{HTTP_TOKENS, IMAGES, LIFE_CYCLES, SWITCH};

/// The JSON schema of the settings file, which editors read.
pub(crate) const SCHEMA: &str = include_str!("../settings.schema.json");

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeepAliveRule {
    /// As EC2 does it
    Ec2,
    /// As HTTP/1.1 has it
    Http,
}

/// Settings of the instance: flags, and the table `[instance]` in the file, where each key is the flag's
/// name. Values that are not set are derived from the instance id.
#[derive(Args, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = "Instance")]
pub(crate) struct InstanceSettings {
    /// The machine image: `al2` (tokens optional, hop limit 1), `al2023` (tokens required, hop
    /// limit 2), or the id of an image (`ami-…`) [default: al2023]
    #[arg(long, value_name = "IMAGE", value_parser = one_of::<LaunchImage>(IMAGES),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) ami: Option<LaunchImage>,

    /// The instance id [default: i-1234567890abcdef0]
    #[arg(long, value_name = "ID")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) instance_id: Option<InstanceId>,

    /// The instance type, which decides the front end: Xen types such as t2.micro answer HTTP/1.0
    /// and a 401 with a page, Nitro types such as t3.micro HTTP/1.1 and an empty 401
    /// [default: t2.micro]
    #[arg(long, value_name = "TYPE")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) instance_type: Option<InstanceType>,

    /// The Region [default: us-east-1, or the Availability Zone's]
    #[arg(long)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) region: Option<Region>,

    /// The Availability Zone [default: the Region's first]
    #[arg(long, value_name = "ZONE")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) availability_zone: Option<Zone>,

    /// The account id [default: 123456789012]
    #[arg(long, value_name = "ID")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) account: Option<AccountId>,

    /// Whether requests need a token: `optional` or `required` [default: the image's]
    #[arg(long, value_name = "VALUE", value_parser = one_of::<HttpTokens>(HTTP_TOKENS),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) http_tokens: Option<HttpTokens>,

    /// How many hops a token may travel, 1 to 64 [default: the image's]
    #[arg(long, value_name = "HOPS", visible_alias = "http-put-response-hop-limit")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) hop_limit: Option<HopLimit>,

    /// Whether the service answers: `enabled`, or `disabled`, which answers every request with 403
    /// [default: enabled]
    #[arg(long, value_name = "SWITCH", value_parser = one_of::<Switch>(SWITCH),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) http_endpoint: Option<Switch>,

    /// Whether the service answers over IPv6 too: `enabled` (needs a Nitro type) or `disabled`
    /// [default: disabled]
    #[arg(long, value_name = "SWITCH", value_parser = one_of::<Switch>(SWITCH),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) http_protocol_ipv6: Option<Switch>,

    /// Whether the metadata has the instance's tags: `enabled` or `disabled` [default: disabled]
    #[arg(long, value_name = "SWITCH", value_parser = one_of::<Switch>(SWITCH),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) instance_metadata_tags: Option<Switch>,

    /// The instance profile's role, with made-up credentials; a settings file can give it real ones
    /// [default: no role]
    #[arg(long, value_name = "NAME")]
    pub(crate) role: Option<RoleSettings>,

    /// The name of the instance profile [default: the role's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) instance_profile: Option<String>,

    /// Whether the metadata of each instance has `iam/security-credentials-extended/`, which adds
    /// `AccountId` to the role's credentials: `enabled` or `disabled` [default: disabled]
    #[arg(long, value_name = "SWITCH", value_parser = one_of::<Switch>(SWITCH),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) extended_credentials: Option<Switch>,

    /// Where the credentials under `identity-credentials/` come from.
    #[arg(skip)]
    pub(crate) identity_role: Option<RoleSettings>,

    /// The purchasing option: `on-demand`, `spot`, `scheduled` or `capacity-block`
    /// [default: on-demand]
    #[arg(long, value_name = "KIND", value_parser = one_of::<LifeCycle>(LIFE_CYCLES),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) life_cycle: Option<LifeCycle>,

    /// The kernel of a paravirtual image
    #[arg(long, value_name = "ID")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) kernel_id: Option<KernelId>,

    /// The RAM disk of a paravirtual image
    #[arg(long, value_name = "ID")]
    #[serde(deserialize_with = "from_text")]
    pub(crate) ramdisk_id: Option<RamdiskId>,

    /// An AWS Marketplace product code; repeat for more
    #[arg(long = "product-code", value_name = "CODE")]
    pub(crate) product_codes: Vec<String>,

    /// A tag of the instance; repeat for more
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    #[serde(deserialize_with = "tags_from_table")]
    pub(crate) tags: Vec<Tag>,

    /// A file with user data, at most 16 KiB; `-` is standard input [default: no user data]
    #[arg(long, value_name = "FILE")]
    pub(crate) user_data: Option<PathBuf>,

    /// A file with the key pair's public key in OpenSSH format [default: no key pair]
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,

    /// A directory whose files replace or extend the metadata: `DIR/meta-data/rack` is served as
    /// /latest/meta-data/rack
    #[arg(long, value_name = "DIR")]
    pub(crate) overlay: Option<PathBuf>,

    /// The placement in the Availability Zone.
    #[arg(skip)]
    pub(crate) placement: PlacementSettings,

    /// The block devices besides the root device.
    #[arg(skip)]
    #[serde(deserialize_with = "hardware::block_devices")]
    pub(crate) block_devices: Vec<BlockDevice>,

    /// The network interfaces; if empty, one with derived values.
    #[arg(skip)]
    #[serde(rename = "interface", deserialize_with = "hardware::interfaces")]
    pub(crate) interfaces: Vec<LaunchInterface>,

    /// The file's `[paths]`: values that replace metadata.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) paths: Vec<Extra>,
}

/// A role: the table `[instance.role]`, or `[instance.identity-role]`, which has no name. Has no
/// `Debug`: it holds secrets.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RoleSettings {
    pub(crate) name: Option<String>,
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<String>,
    pub(crate) session_token: Option<String>,
    /// When the keys expire, such as 2026-01-01T00:00:00Z.
    pub(crate) expiration: Option<String>,
    /// A command line that prints credentials.
    pub(crate) credential_process: Option<String>,
    /// A profile of AWS's settings files.
    pub(crate) profile: Option<String>,
    /// The ARN of a role to assume.
    pub(crate) role_arn: Option<String>,
    pub(crate) sts_endpoint: Option<String>,
}

impl FromStr for RoleSettings {
    type Err = Infallible;

    /// A role of which only the name is known; the name is checked at launch.
    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self { name: Some(name.to_owned()), ..Self::default() })
    }
}

/// A subnet that is added to the default VPC, as `[[subnet]]` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SubnetSettings {
    #[serde(deserialize_with = "required_from_text")]
    id: SubnetId,
    #[serde(deserialize_with = "required_from_text")]
    availability_zone: Zone,
    #[serde(deserialize_with = "required_from_text")]
    ipv4: Ipv4Cidr,
    #[serde(deserialize_with = "from_text", default)]
    ipv6: Option<Ipv6Cidr>,
}

impl From<SubnetSettings> for Subnet {
    fn from(SubnetSettings { id, availability_zone, ipv4, ipv6 }: SubnetSettings) -> Self {
        Self { id, zone: availability_zone, ipv4: Some(ipv4), ipv6 }
    }
}
