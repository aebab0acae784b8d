//! An instance: every fact its metadata is made of, all settled.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::block_device::BlockDevice;
use crate::credentials::Credentials;
use crate::ids::{AccountId, InstanceId, KernelId, RamdiskId, ReservationId};
use crate::image::Image;
use crate::instance_type::InstanceType;
use crate::network::NetworkInterface;
use crate::options::{MetadataOptions, Switch};
use crate::placement::{Placement, Zone};
use crate::tags::Tags;

/// One instance. Made from a [`Launch`](crate::Launch).
#[derive(Clone)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The account that owns it.
    pub account: AccountId,
    /// The image it was launched from.
    pub image: Image,
    /// Its type, which decides the front end.
    pub instance_type: InstanceType,
    /// Its kernel, if it is paravirtual.
    pub kernel: Option<KernelId>,
    /// Its RAM disk, if it is paravirtual.
    pub ramdisk: Option<RamdiskId>,
    /// How it is paid for, and how it may end.
    pub life_cycle: LifeCycle,
    /// Where it runs.
    pub zone: Zone,
    /// Where in the zone.
    pub placement: Placement,
    /// `r-…`
    pub reservation_id: ReservationId,
    /// Its place among the instances that one call launched, from 0.
    pub launch_index: u32,
    /// When it was launched, in seconds since 1970.
    pub launched_at: u64,
    /// Whether `CloudWatch` gets detailed figures of it.
    pub monitoring: Switch,
    /// Its block devices beside the root device, as they were at launch or at the last start.
    pub block_devices: Vec<BlockDevice>,
    /// Its AWS Marketplace product codes.
    pub product_codes: Vec<String>,
    /// Its network interfaces, the primary one first; there is always one.
    pub interfaces: Vec<NetworkInterface>,
    /// What its private DNS name is made of.
    pub hostname_type: HostnameType,
    /// Its metadata options.
    pub options: MetadataOptions,
    /// The role of its instance profile.
    pub role: Option<Role>,
    /// The key pair given at launch.
    pub public_key: Option<PublicKey>,
    /// Its tags.
    pub tags: Tags,
    /// Its user data, as it was before base64.
    pub user_data: Option<Vec<u8>>,
}

/// How an instance is paid for: `meta-data/instance-life-cycle`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LifeCycle {
    /// By the second, for as long as it runs.
    #[default]
    OnDemand,
    /// Spare capacity, which EC2 may want back.
    Spot,
    /// Reserved for times of the week.
    Scheduled,
    /// Reserved for a number of days.
    CapacityBlock,
}

/// What private DNS names are made of (`HostnameType`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostnameType {
    /// The private IPv4 address; the instance id where there is none.
    #[default]
    IpName,
    /// The instance id.
    ResourceName,
}

/// The role in an instance profile.
#[derive(Clone)]
pub struct Role {
    /// The role's name.
    pub name: String,
    /// The instance profile's name; often the role's.
    pub profile_name: String,
    /// `AIPA…`
    pub profile_id: String,
    /// What it signs requests with.
    pub credentials: Credentials,
}

/// A key pair's public half.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    /// The key pair's name.
    pub name: String,
    /// One line in OpenSSH format.
    pub openssh: String,
}

impl Instance {
    /// The interface at index 0 of network card 0.
    pub fn primary_interface(&self) -> &NetworkInterface {
        self.interfaces.first().unwrap_or_else(|| unreachable!("an instance has an interface"))
    }

    /// The private DNS name: that of the primary interface.
    pub fn hostname(&self) -> String {
        self.private_hostname(self.primary_interface())
    }

    /// An interface's private DNS name: `ip-172-31-5-9.ec2.internal`, or
    /// `i-1234567890abcdef0.ec2.internal`.
    pub fn private_hostname(&self, interface: &NetworkInterface) -> String {
        let domain = self.zone.region().internal_domain();
        match (self.hostname_type, interface.private_ipv4()) {
            (HostnameType::IpName, Some(address)) => format!("ip-{}.{domain}", dashed(address)),
            _ => format!("{}.{domain}", self.id),
        }
    }

    /// The public DNS name of an address: `ec2-203-0-113-25.compute-1.amazonaws.com`.
    pub fn public_hostname(&self, address: Ipv4Addr) -> String {
        let region = self.zone.region();
        let compute = match region.as_str() {
            "us-east-1" => "compute-1".to_owned(),
            other => format!("{other}.compute"),
        };
        format!("ec2-{}.{compute}.{}", dashed(address), region.partition().1)
    }
}

impl LifeCycle {
    /// As the metadata has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
            Self::Scheduled => "scheduled",
            Self::CapacityBlock => "capacity-block",
        }
    }
}

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}
