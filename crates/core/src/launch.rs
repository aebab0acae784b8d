//! A launch: the operator's settings of an instance. Values without a setting are derived from its
//! id, so that the same settings always give the same instance.

mod error;
mod interface;
mod role;

use std::str::FromStr;

use crate::block_device::{self, BlockDevice};
use crate::credentials::{Credentials, IDENTITY_ROLE, RoleKeys};
use crate::events::Events;
use crate::extra::{Extra, MAX_EXTRA};
use crate::ids::{AccountId, ImageId, InstanceId, Invalid, KernelId, RamdiskId, ReservationId};
use crate::image::{Image, ROOT_DEVICE, WellKnownImage};
use crate::instance::{
    Accelerator, ElasticGpu, HostnameType, Instance, LifeCycle, PublicKey, SshSigner,
};
use crate::instance_type::{FrontEnd, InstanceType};
use crate::options::{MetadataOptions, Preferences, Switch};
use crate::placement::{Placement, Region, Zone};
use crate::tags::{Tag, Tags};
use crate::tree::Tree;

pub use error::{LaunchError, MAX_USER_DATA};
use interface::InterfaceDefaults;
pub use interface::{DERIVED_SUBNET, LaunchInterface};
pub use role::LaunchRole;

/// The settings of an instance; all are optional.
#[derive(Clone, Default)]
pub struct Launch {
    /// The instance id.
    pub instance_id: Option<InstanceId>,
    /// The account.
    pub account: Option<AccountId>,
    /// The image.
    pub image: LaunchImage,
    /// The kernel; the image's where it is left out.
    pub kernel: Option<KernelId>,
    /// The RAM disk; the image's where it is left out.
    pub ramdisk: Option<RamdiskId>,
    /// The instance type.
    pub instance_type: Option<InstanceType>,
    /// How it is paid for.
    pub life_cycle: LifeCycle,
    /// The Region; may be left to `zone`.
    pub region: Option<Region>,
    /// The Availability Zone; the first subnet's, or the Region's first, where it is left out.
    pub zone: Option<Zone>,
    /// Where in the zone.
    pub placement: Placement,
    /// The reservation.
    pub reservation_id: Option<ReservationId>,
    /// Its place among the instances that one call launches, from 0.
    pub launch_index: u32,
    /// When it is launched, in seconds since 1970.
    pub launched_at: Option<u64>,
    /// Whether `CloudWatch` gets detailed figures; it does not where that is left out.
    pub monitoring: Option<Switch>,
    /// Block devices beside those of the image, or instead of those with the same names.
    pub block_devices: Vec<BlockDevice>,
    /// AWS Marketplace product codes beside the image's.
    pub product_codes: Vec<String>,
    /// The network interfaces; where the list is empty, one.
    pub interfaces: Vec<LaunchInterface>,
    /// What private DNS names are made of.
    pub hostname_type: HostnameType,
    /// The Elastic GPUs.
    pub elastic_gpus: Vec<ElasticGpu>,
    /// The Elastic Inference accelerators.
    pub accelerators: Vec<Accelerator>,
    /// The metadata options that are set.
    pub options: Preferences,
    /// The role of the instance profile.
    pub role: Option<LaunchRole>,
    /// Where the credentials of the instance identity role come from; else they are made up.
    pub identity_keys: Option<RoleKeys>,
    /// Whether `iam/security-credentials-extended/` exists.
    pub extended_credentials: bool,
    /// The key pair.
    pub public_key: Option<PublicKey>,
    /// Who signs the keys that EC2 Instance Connect is sent.
    pub ssh_signer: Option<SshSigner>,
    /// The tags.
    pub tags: Vec<Tag>,
    /// The user data.
    pub user_data: Option<Vec<u8>>,
    /// What happens to it.
    pub events: Events,
    /// Values at other paths, or instead of those that the instance would have; at most
    /// [`MAX_EXTRA`] bytes.
    pub extra: Vec<Extra>,
}

/// An image: a well-known one, or any other.
#[derive(Clone, Debug)]
pub enum LaunchImage {
    /// By name; its id follows from the Region.
    WellKnown(WellKnownImage),
    /// By id: a well-known one of the Region, or one of which nothing else is known.
    Id(ImageId),
    /// In full.
    Image(Image),
}

/// The id of an instance without a setting for it.
const DEFAULT_INSTANCE_ID: &str = "i-1234567890abcdef0";
const DEFAULT_ACCOUNT: &str = "123456789012";
const DEFAULT_TYPE: &str = "t2.micro";
const DEFAULT_REGION: &str = "us-east-1";

/// Launches are spread over the year that begins here, 2025-01-01T00:00:00Z.
const FIRST_LAUNCH: u64 = 1_735_689_600;
const YEAR_SECONDS: u64 = 365 * 24 * 3600;

impl Launch {
    /// Resolves every value: from the settings, else from the image, else derived from the id.
    ///
    /// # Errors
    /// The first setting that EC2 would refuse, or that contradicts another.
    pub fn resolve(self) -> Result<Instance, LaunchError> {
        let id = or_default(self.instance_id, DEFAULT_INSTANCE_ID);
        let account = or_default(self.account, DEFAULT_ACCOUNT);
        let instance_type = or_default(self.instance_type, DEFAULT_TYPE);
        let subnet_zone = self.interfaces.iter().find_map(|one| Some(&one.subnet.as_ref()?.zone));
        let zone = resolve_zone(self.region, self.zone.or(subnet_zone.cloned()))?;
        let image = self.image.resolve(&zone, &instance_type);
        let options = MetadataOptions::resolve(&[self.options, image.preferences()]);
        let tags = Tags::new(self.tags)?;
        check_options(options, &instance_type, &tags)?;
        check_user_data(self.user_data.as_deref())?;
        check_public_key(self.public_key.as_ref())?;
        check_extra(&self.extra)?;

        let has_ipv6 = options.http_protocol_ipv6.is_enabled();
        let defaults =
            InterfaceDefaults { instance: &id, account: &account, zone: &zone, has_ipv6 };
        let interfaces = interface::resolve(self.interfaces, &defaults)?;
        let launched_at = self.launched_at.unwrap_or_else(|| launch_time(&id));
        let identity_credentials =
            Credentials::new(self.identity_keys, &id, IDENTITY_ROLE, launched_at);
        let derived_reservation = || ReservationId::derived(&id.derive("r-"));
        let mut product_codes = image.product_codes.clone();
        product_codes.extend(self.product_codes);
        let instance = Instance {
            reservation_id: self.reservation_id.unwrap_or_else(derived_reservation),
            launch_index: self.launch_index,
            interfaces,
            hostname_type: self.hostname_type,
            role: self.role.map(|role| role.resolve(&id, &account, launched_at)).transpose()?,
            identity_credentials,
            extended_credentials: self.extended_credentials,
            launched_at,
            monitoring: self.monitoring.unwrap_or(Switch::Disabled),
            block_devices: block_device::merge(&image.block_devices, self.block_devices),
            product_codes,
            kernel: self.kernel.or_else(|| image.kernel.clone()),
            ramdisk: self.ramdisk.or_else(|| image.ramdisk.clone()),
            id,
            account,
            image,
            instance_type,
            life_cycle: self.life_cycle,
            zone,
            placement: self.placement,
            options,
            elastic_gpus: self.elastic_gpus,
            accelerators: self.accelerators,
            public_key: self.public_key,
            ssh_signer: self.ssh_signer,
            events: self.events,
            tags,
            user_data: self.user_data,
            extra: self.extra,
        };
        match Tree::conflict(&instance) {
            Some((path, conflict)) => Err(LaunchError::Extra { path: path.clone(), conflict }),
            None => Ok(instance),
        }
    }
}

impl LaunchImage {
    fn resolve(self, zone: &Zone, instance_type: &InstanceType) -> Image {
        let (region, architecture) = (zone.region(), instance_type.architecture());
        match self {
            Self::WellKnown(image) => image.in_region(region, architecture),
            Self::Id(id) => WellKnownImage::with_id(&id, region, architecture)
                .unwrap_or_else(|| Image::backed_by_ebs(id, architecture, ROOT_DEVICE.to_owned())),
            Self::Image(image) => image,
        }
    }
}

impl FromStr for LaunchImage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let well_known = text.parse().map(Self::WellKnown);
        well_known.or_else(|_| text.parse().map(Self::Id)).map_err(|_: Invalid| {
            let rule = "it is `al2`, `al2023` or an id such as `ami-0123456789abcdef0`";
            Invalid::new("image", text, rule)
        })
    }
}

impl Default for LaunchImage {
    fn default() -> Self {
        WellKnownImage::default().into()
    }
}

impl From<WellKnownImage> for LaunchImage {
    fn from(image: WellKnownImage) -> Self {
        Self::WellKnown(image)
    }
}

impl From<Image> for LaunchImage {
    fn from(image: Image) -> Self {
        Self::Image(image)
    }
}

fn or_default<T: FromStr>(setting: Option<T>, default: &str) -> T {
    setting.or_else(|| default.parse().ok()).unwrap_or_else(|| unreachable!("defaults are valid"))
}

fn resolve_zone(region: Option<Region>, zone: Option<Zone>) -> Result<Zone, LaunchError> {
    match (region, zone) {
        (Some(region), Some(zone)) if *zone.region() != region => {
            Err(LaunchError::ZoneElsewhere { zone, region })
        }
        (_, Some(zone)) => Ok(zone),
        (region, None) => Ok(or_default(region, DEFAULT_REGION).zone('a')),
    }
}

/// Fails where a metadata option contradicts the instance type or the tags.
fn check_options(
    options: MetadataOptions,
    instance_type: &InstanceType,
    tags: &Tags,
) -> Result<(), LaunchError> {
    if options.http_protocol_ipv6.is_enabled() && instance_type.front_end() == FrontEnd::Xen {
        return Err(LaunchError::Ipv6OnXen { instance_type: instance_type.clone() });
    }
    match tags.first_unservable() {
        Some(key) if options.instance_metadata_tags.is_enabled() => {
            Err(LaunchError::TagKey { key: key.to_owned() })
        }
        _ => Ok(()),
    }
}

fn check_user_data(user_data: Option<&[u8]>) -> Result<(), LaunchError> {
    match user_data.map(<[u8]>::len) {
        Some(bytes) if bytes > MAX_USER_DATA => Err(LaunchError::UserDataTooLarge { bytes }),
        _ => Ok(()),
    }
}

fn check_public_key(public_key: Option<&PublicKey>) -> Result<(), Invalid> {
    let Some(PublicKey { name, .. }) = public_key else { return Ok(()) };
    if (1..=255).contains(&name.len()) && !name.contains(char::is_control) {
        return Ok(());
    }
    let rule = "it has 1 to 255 characters, none of them a control character";
    Err(Invalid::new("key pair name", name, rule))
}

fn check_extra(extra: &[Extra]) -> Result<(), LaunchError> {
    let bytes = extra.iter().map(|extra| extra.path.as_str().len() + extra.value.len()).sum();
    if bytes > MAX_EXTRA { Err(LaunchError::TooMuchExtra { bytes }) } else { Ok(()) }
}

fn launch_time(id: &InstanceId) -> u64 {
    let seed = id.derive("launch time");
    let offset = seed.iter().take(4).fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    FIRST_LAUNCH + offset % YEAR_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{HttpTokens, Switch};

    #[test]
    fn the_image_sets_options_without_a_setting() {
        let resolve = |image: WellKnownImage| {
            Launch { image: image.into(), ..Launch::default() }.resolve().unwrap().options
        };
        let al2 = resolve(WellKnownImage::AmazonLinux2);
        assert_eq!((al2.http_tokens, al2.hop_limit.get()), (HttpTokens::Optional, 1));
        let al2023 = resolve(WellKnownImage::AmazonLinux2023);
        assert_eq!((al2023.http_tokens, al2023.hop_limit.get()), (HttpTokens::Required, 2));
    }

    #[test]
    fn settings_that_ec2_refuses_are_errors() {
        let ipv6 = Preferences { http_protocol_ipv6: Some(Switch::Enabled), ..<_>::default() };
        let launch = Launch { options: ipv6, ..Launch::default() };
        assert!(matches!(launch.resolve(), Err(LaunchError::Ipv6OnXen { .. })));

        let tags = Preferences { instance_metadata_tags: Some(Switch::Enabled), ..<_>::default() };
        let tag = Tag::new("Patch Group", "a").unwrap();
        let launch = Launch { options: tags, tags: vec![tag], ..Launch::default() };
        let error = launch.resolve().err().unwrap().to_string();
        assert!(error.starts_with("'Patch Group' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\\\-_"), "{error}");

        let launch = Launch { user_data: Some(vec![0; MAX_USER_DATA + 1]), ..Launch::default() };
        assert!(matches!(launch.resolve(), Err(LaunchError::UserDataTooLarge { bytes: 16_385 })));

        let launch = Launch {
            region: "eu-west-1".parse().ok(),
            zone: "us-east-1a".parse().ok(),
            ..Launch::default()
        };
        assert!(matches!(launch.resolve(), Err(LaunchError::ZoneElsewhere { .. })));

        for (path, why) in [
            ("meta-data/placement", "it is a directory"),
            ("meta-data/mac/x/y", "meta-data/mac is a value, not a directory"),
            ("user-data/x", "user-data is a value, not a directory"),
        ] {
            let extra = vec![Extra { path: path.parse().unwrap(), value: vec![] }];
            let error = Launch { extra, ..Launch::default() }.resolve().err().unwrap();
            assert_eq!(error.to_string(), format!("{path} cannot be a value: {why}"));
        }

        for name in ["", "a/b", "a\nb"] {
            let role = Some(LaunchRole::named(name));
            let launch = Launch { role, ..Launch::default() };
            assert!(matches!(launch.resolve(), Err(LaunchError::Invalid(_))), "{name:?}");
        }
    }
}
