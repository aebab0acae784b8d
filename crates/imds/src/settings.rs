//! What can be said of the service and its instance, by flag and in a file alike: one definition, read
//! by clap and by serde.

pub(crate) mod events;
mod hardware;
mod logs;
#[cfg(test)]
mod schema_tests;
mod words;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use imds_core::block_device::BlockDevice;
use imds_core::extra::Extra;
use imds_core::ids::{KernelId, RamdiskId, SubnetId};
use imds_core::image::WellKnownImage;
use imds_core::instance::LifeCycle;
use imds_core::launch::LaunchInterface;
use imds_core::network::{Ipv4Cidr, Ipv6Cidr, Subnet};
use imds_core::options::{HopLimit, HttpTokens, Switch};
use imds_core::placement::{Region, Zone};
use imds_core::tags::Tag;
use imds_core::{AccountId, InstanceId, InstanceType};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use hardware::PlacementSettings;
pub(crate) use logs::{Destination, LogFilter, LogFormat};
use words::{HTTP_TOKENS, IMAGES, LIFE_CYCLES, SWITCH};
pub(crate) use words::{
    LEVELS, MAINTENANCE_CODES, SIGNATURES, SPOT_ACTIONS, TARGET_STATES, one_of,
};

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

/// What is said of the instance: on the command line, and as `[instance]` in the file, where each
/// key is the flag's name. What is not said is derived from the instance id.
#[derive(Args, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = "Instance")]
pub(crate) struct InstanceSettings {
    /// The machine image: `al2` (tokens optional, hop limit 1) or `al2023` (tokens required, hop
    /// limit 2) [default: al2023]
    #[arg(long, value_name = "IMAGE", value_parser = one_of::<WellKnownImage>(IMAGES),
          hide_possible_values = true)]
    #[serde(deserialize_with = "from_text")]
    pub(crate) ami: Option<WellKnownImage>,

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

    /// Where in its zone it is.
    #[arg(skip)]
    pub(crate) placement: PlacementSettings,

    /// Its block devices beside the root device.
    #[arg(skip)]
    #[serde(deserialize_with = "hardware::block_devices")]
    pub(crate) block_devices: Vec<BlockDevice>,

    /// Its network interfaces, where that is not one of which nothing is said.
    #[arg(skip)]
    #[serde(rename = "interface", deserialize_with = "hardware::interfaces")]
    pub(crate) interfaces: Vec<LaunchInterface>,

    /// What the file's `[paths]` puts over the metadata.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) paths: Vec<Extra>,
}

/// A role, as `[instance.role]` has it, and but for the name `[instance.identity-role]`. Has no
/// `Debug`: it holds secrets.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RoleSettings {
    pub(crate) name: Option<String>,
    pub(crate) access_key_id: Option<String>,
    pub(crate) secret_access_key: Option<String>,
    pub(crate) session_token: Option<String>,
    /// When they end, such as 2026-01-01T00:00:00Z.
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
    #[serde(deserialize_with = "parsed")]
    id: SubnetId,
    #[serde(deserialize_with = "parsed")]
    availability_zone: Zone,
    #[serde(deserialize_with = "parsed")]
    ipv4: Ipv4Cidr,
    #[serde(deserialize_with = "from_text", default)]
    ipv6: Option<Ipv6Cidr>,
}

impl From<SubnetSettings> for Subnet {
    fn from(SubnetSettings { id, availability_zone, ipv4, ipv6 }: SubnetSettings) -> Self {
        Self { id, zone: availability_zone, ipv4: Some(ipv4), ipv6 }
    }
}

/// Parses a duration such as `2s`, `1m 30s`, `500ms` or `3d`; a day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let span = text.parse().ok().and_then(|span: jiff::Span| {
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
    });
    let duration = span.ok_or_else(|| {
        format!("{text:?} is not a duration; write a number and a unit, such as 2s, 500ms or 3d")
    })?;
    Duration::try_from(duration).map_err(|_| format!("{text:?} is negative"))
}

/// Parses a time such as `2026-01-01T00:00:00Z` (RFC 3339), to seconds since 1970.
pub(crate) fn time(text: &str) -> Result<u64, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    let seconds = parsed.ok().and_then(|time| u64::try_from(time.as_second()).ok());
    seconds.ok_or_else(|| format!("{text:?} is not a time such as 2026-01-01T00:00:00Z"))
}

/// Reads a value that has a text form and may be left out.
pub(crate) fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    parsed(deserializer).map(Some)
}

/// Reads a value that has a text form.
fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = match Scalar::deserialize(deserializer)? {
        Scalar::Text(text) => text,
        Scalar::Number(number) => number.to_string(),
    };
    text.parse().map_err(D::Error::custom)
}

/// Reads a list of values that have a text form.
pub(crate) fn all_from_text<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

/// `hop-limit = 2` is as good as `hop-limit = "2"`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a string or a whole number")]
enum Scalar {
    Text(String),
    Number(i64),
}

/// Reads tags from a table: `tags = { Name = "web-1" }`.
pub(crate) fn tags_from_table<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Tag>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    let tags = table.iter().map(|(key, value)| Tag::new(key, value).map_err(D::Error::custom));
    tags.collect()
}

/// Reads values to put over the metadata from a table: `[paths]`, `"meta-data/rack" = "7"`.
pub(crate) fn paths_from_table<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Extra>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    let paths = table.into_iter().map(|(path, value)| {
        let path = path.parse().map_err(D::Error::custom)?;
        Ok(Extra { path, value: value.into_bytes() })
    });
    paths.collect()
}

pub(crate) fn duration_from_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration(&text).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit_up_to_weeks() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("2s", 2000),
            ("1m 30s", 90_000),
            ("1h", 3_600_000),
            ("3d", 259_200_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for (text, rule) in
            [("3", "a unit"), ("soon", "a unit"), ("1mo", "a unit"), ("-2s", "is negative")]
        {
            let error = duration(text).unwrap_err();
            assert!(error.contains(text) && error.contains(rule), "{error}");
        }
    }
}
