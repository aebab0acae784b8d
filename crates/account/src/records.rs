//! What is kept, as JSON with the version of its form.
//!
//! A record says what was *decided*: at launch, by a call, by the operator. What follows from that is
//! derived again each time it is read, so that there is nothing that could disagree.

mod fleet;
mod image;
mod interface;
mod launch_in_parts;
mod link;
mod security_group;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::block_device::BlockDevice;
use imds_core::events::Events;
use imds_core::ids::{KernelId, RamdiskId, ReservationId};
use imds_core::image::Platform;
use imds_core::instance::{HostnameType, LifeCycle};
use imds_core::options::{MetadataDefaults, MetadataOptions, Switch};
use imds_core::placement::{Placement, Region, Zone};
use imds_core::{AccountId, ImageId, InstanceId, InstanceType};
use imds_identity::ssh_signer::SshSigner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::source::Source;
pub use crate::transition::{Lifecycle, Transition};
use crate::volume::VolumeSettings;

pub use crate::record::{FormError, Record, RecordError, decode, encode};
pub use fleet::{Follows, HostClaim, Notice, ServedBy, Watermark, WhenCutOff};
pub use image::{Image, ImageDevice, Permission, Snapshot};
pub use interface::{FreeInterface, Interface, InterfaceSettings, Subnet};
pub use launch_in_parts::{LaunchInParts, LaunchStage};
pub use link::Link;
pub use security_group::{InterfaceGroup, RulePeer, SecurityGroup, SecurityGroupRule};

macro_rules! records {
    ($($name:ty),+ $(,)?) => {$(impl Record for $name {})+};
}

records!(
    AccessKey,
    AddressHolder,
    ClientToken,
    FreeInterface,
    HostClaim,
    Image,
    InstanceId,
    KeyPair,
    LaunchInParts,
    LaunchTemplate,
    LaunchTemplateVersion,
    Link,
    MetadataDefaults,
    Notice,
    SecurityGroup,
    ServedBy,
    Snapshot,
    SocketAddr,
    SshSigner,
    String,
    Tags,
    TokenKey,
    Watermark,
    u32,
);

impl Record for Instance {
    const VERSION: u32 = 2;

    /// Version 1 knew of spot instances only, as `spot`.
    fn upgrade(_from: u32, mut form: Value) -> Value {
        let is_spot = form.get("spot") == Some(&Value::Bool(true));
        form["life_cycle"] = json!(if is_spot { LifeCycle::Spot } else { LifeCycle::OnDemand });
        form
    }
}

/// An instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Instance {
    /// The account that owns it.
    pub account: AccountId,
    /// Where it runs.
    pub zone: Zone,
    /// What it was launched from, as it was then: images come and go.
    pub image: InstanceImage,
    /// Its type.
    pub instance_type: InstanceType,
    /// `r-…`
    pub reservation_id: ReservationId,
    /// Its number in the reservation, from 0.
    pub launch_index: u32,
    /// When it was launched, or last started, in seconds since 1970.
    pub launched_at: u64,
    /// What it was last told to be.
    pub lifecycle: Lifecycle,
    /// Why that changed last; `None` as long as it runs since its launch.
    pub transition: Option<Transition>,
    /// Its metadata options.
    pub options: MetadataOptions,
    /// Its network interfaces; the first is the primary one.
    pub interfaces: Vec<Interface>,
    /// The key pair, as it was at launch.
    pub key: Option<PublicKey>,
    /// Its instance profile.
    pub profile: Option<ProfileAssociation>,
    /// Its user data, in base64.
    pub user_data: Option<String>,
    /// How it is paid for.
    pub life_cycle: LifeCycle,
    /// Its kernel, if it is paravirtual.
    #[serde(default)]
    pub kernel: Option<KernelId>,
    /// Its RAM disk, if it is paravirtual.
    #[serde(default)]
    pub ramdisk: Option<RamdiskId>,
    /// Its AWS Marketplace product codes.
    #[serde(default)]
    pub product_codes: Vec<String>,
    /// Where in its zone it is placed.
    #[serde(default)]
    pub placement: Placement,
    /// Its block devices beside the root device.
    #[serde(default)]
    pub block_devices: Vec<BlockDevice>,
    /// Its EBS volumes by device name, the root volume too, where the launch asked for something.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, VolumeSettings>,
    /// What its private DNS name is made of.
    #[serde(default)]
    pub hostname_type: HostnameType,
    /// Whether it has detailed monitoring; `None`: it does not.
    #[serde(default)]
    pub monitoring: Option<Switch>,
    /// What happens to it.
    #[serde(default)]
    pub events: Events,
    /// The password of a Windows instance's administrator, which only the holder of the key pair can read: see
    /// [`windows`](crate::windows).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_data: Option<String>,
    /// The client token of its launch.
    #[serde(default)]
    pub client_token: Option<String>,
    /// Whether its launch was written in parts: see [`in_parts`](crate::in_parts).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_parts: bool,
    /// Attributes that calls set and read back, by the EC2 API's name
    /// (`disableApiTermination`, `ebsOptimized`, …), as the API writes it.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

impl Instance {
    /// All addresses that its requests may come from, but for those of IPv6 blocks, which are too
    /// many.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.interfaces.iter().flat_map(Interface::addresses)
    }

    /// All that its requests may come from.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        self.interfaces.iter().flat_map(Interface::sources)
    }
}

/// What an instance was launched from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InstanceImage {
    /// Its id.
    pub id: ImageId,
    /// Whether it was registered with `ImdsSupport=v2.0`.
    pub imds_v2_support: bool,
    /// The root device.
    pub root_device: String,
    /// Its operating system.
    #[serde(default, skip_serializing_if = "Platform::is_linux")]
    pub platform: Platform,
}

/// A key pair's public half.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PublicKey {
    /// The key pair's name.
    pub name: String,
    /// One line in OpenSSH format.
    pub openssh: String,
}

/// An instance profile on an instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProfileAssociation {
    /// `iip-assoc-…`
    pub id: String,
    /// The profile's name.
    pub name: String,
    /// Its role's name, where that is another.
    #[serde(default)]
    pub role: Option<String>,
    /// Since when, in seconds since 1970.
    pub since: u64,
}

impl ProfileAssociation {
    /// The name of the profile's role.
    pub fn role_name(&self) -> &str {
        self.role.as_deref().unwrap_or(&self.name)
    }
}

/// A key pair that was imported or created; the private key is not kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyPair {
    /// `key-…`
    pub id: String,
    /// One line in OpenSSH format.
    pub openssh: String,
    /// As EC2 shows it: of an RSA key MD5 if it was imported and SHA-1 if it was created, of an ED25519 key SHA-256.
    pub fingerprint: String,
    /// `rsa` or `ed25519`.
    pub kind: String,
    /// When it was imported or created, in seconds since 1970.
    pub created_at: u64,
}

/// A launch template; its versions are kept one by one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LaunchTemplate {
    /// Its name, unique in a Region.
    pub name: String,
    /// When it was created, in seconds since 1970.
    pub created_at: u64,
    /// Who created it, as an ARN.
    pub created_by: String,
    /// The version that is meant where none is named.
    pub default_version: u64,
    /// The version that was made last.
    pub latest_version: u64,
}

/// One version of a launch template.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LaunchTemplateVersion {
    /// What the caller called it.
    pub description: Option<String>,
    /// When it was created, in seconds since 1970.
    pub created_at: u64,
    /// Who created it, as an ARN.
    pub created_by: String,
    /// What it says, as JSON that the control side gives a meaning.
    pub data: Value,
}

/// The tags of a resource, by key.
pub type Tags = BTreeMap<String, String>;

/// Who has an address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AddressHolder {
    /// Its Region.
    pub region: Region,
    /// The instance; none if a network interface has it that is on no instance.
    pub instance: Option<InstanceId>,
}

/// What a request with a client token did, so that the same request again does nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ClientToken {
    /// A digest of the request's parameters.
    pub parameters: String,
    /// The ids of what it made.
    pub made: Vec<String>,
    /// When, in seconds since 1970.
    pub at: u64,
}

/// Which instance is the default, and how the operator described it when it was launched.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct DefaultInstance {
    /// Its Region.
    pub region: Region,
    /// Its id.
    pub instance: InstanceId,
    /// The operator's settings; if they change, it is launched anew.
    pub description: Description,
}

/// How an operator described an instance.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Description {
    /// The settings of the launch: see `description.rs`.
    Launch(Value),
    /// A digest of the record that followed from it, as version 1 had it.
    RecordDigest(String),
}

impl Record for DefaultInstance {
    const VERSION: u32 = 2;

    /// Version 1 had a digest of the derived record, as `said`.
    fn upgrade(_from: u32, mut form: Value) -> Value {
        form["description"] = json!({ "record-digest": form["said"] });
        form
    }
}

/// An access key of the control API. Secret, so it has no `Debug`.
#[derive(Clone, Deserialize, Serialize)]
pub struct AccessKey {
    /// What signs requests: 40 characters.
    pub secret: String,
    /// What it may do.
    pub role: AccessRole,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
}

/// What an access key may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessRole {
    /// Everything.
    Admin,
    /// What changes nothing.
    ReadOnly,
}

/// A key that tokens are made and checked with. Secret, so it has no `Debug`.
#[derive(Clone, Deserialize, Serialize)]
pub struct TokenKey {
    /// The key in base64.
    pub key: String,
}

impl TokenKey {
    /// A key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self { key: STANDARD.encode(bytes) }
    }

    /// Its bytes; `None` unless there are so many.
    pub fn bytes<const N: usize>(&self) -> Option<[u8; N]> {
        STANDARD.decode(&self.key).ok()?.try_into().ok()
    }
}
