//! An instance: every value that its metadata is made of, all resolved.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::block_device::BlockDevice;
use crate::credentials::Credentials;
use crate::events::Events;
use crate::extra::Extra;
use crate::ids::{
    AcceleratorId, AccountId, ElasticGpuId, Fingerprint, InstanceId, Invalid, KernelId, RamdiskId,
    ReservationId,
};
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
    /// Its Elastic GPUs.
    pub elastic_gpus: Vec<ElasticGpu>,
    /// Its Elastic Inference accelerators.
    pub accelerators: Vec<Accelerator>,
    /// Its metadata options.
    pub options: MetadataOptions,
    /// The role of its instance profile.
    pub role: Option<Role>,
    /// What its instance identity role signs requests with.
    pub identity_credentials: Credentials,
    /// Whether `iam/security-credentials-extended/` exists.
    pub extended_credentials: bool,
    /// The key pair given at launch.
    pub public_key: Option<PublicKey>,
    /// Who signs the keys that EC2 Instance Connect is sent.
    pub ssh_signer: Option<SshSigner>,
    /// Its tags.
    pub tags: Tags,
    /// Its user data, as it was before base64.
    pub user_data: Option<Vec<u8>>,
    /// What happens to it.
    pub events: Events,
    /// What is put over all that.
    pub extra: Vec<Extra>,
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
    /// Since when the instance has it, in seconds since 1970.
    pub since: u64,
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

/// An Elastic GPU, a service that ended in 2024.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ElasticGpu {
    /// `egpu-…`
    pub id: ElasticGpuId,
    /// Its document in the metadata; the JSON that EC2 used is undocumented.
    pub document: String,
}

/// An Elastic Inference accelerator, a service that ended in 2024.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accelerator {
    /// `eia-…`
    pub id: AcceleratorId,
    /// Its type, such as `eia1.medium`.
    pub kind: String,
}

/// What proves the signatures of the keys that EC2 Instance Connect is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SshSigner {
    /// Its certificate and those above it, in PEM.
    pub certificates: String,
    /// That they are not revoked: OCSP responses in base64, by the certificates' fingerprints.
    pub ocsp: Vec<(Fingerprint, String)>,
}

impl Instance {
    /// Which network card an interface is on; `None` where the instance has only one, which goes without
    /// saying, whatever the launch says.
    pub(crate) fn network_card(&self, interface: &NetworkInterface) -> Option<u16> {
        let beyond_first = |one: &NetworkInterface| one.network_card.is_some_and(|card| card > 0);
        let has_several = self.instance_type.has_several_network_cards()
            || self.interfaces.iter().any(beyond_first);
        has_several.then(|| interface.network_card.unwrap_or(0))
    }

    /// The interface at index 0 of network card 0.
    pub fn primary_interface(&self) -> &NetworkInterface {
        self.interfaces.first().unwrap_or_else(|| unreachable!("an instance has an interface"))
    }

    /// The private DNS name: that of the primary interface.
    pub fn hostname(&self) -> String {
        let primary = self.private_hostname(self.primary_interface());
        primary.unwrap_or_else(|| self.resource_name())
    }

    /// An interface's private DNS name: `ip-172-31-5-9.ec2.internal`, or
    /// `i-1234567890abcdef0.ec2.internal`; none where it has no address (EFA only).
    pub fn private_hostname(&self, interface: &NetworkInterface) -> Option<String> {
        match (self.hostname_type, interface.private_ipv4()) {
            (HostnameType::IpName, Some(address)) => {
                let domain = self.zone.region().internal_domain();
                Some(format!("ip-{}.{domain}", dashed(address)))
            }
            (_, None) if interface.ipv6.is_empty() => None,
            _ => Some(self.resource_name()),
        }
    }

    /// The DNS name that no address is in.
    fn resource_name(&self) -> String {
        format!("{}.{}", self.id, self.zone.region().internal_domain())
    }

    /// An interface's public DNS name: `ec2-203-0-113-25.compute-1.amazonaws.com`.
    pub fn public_hostname(&self, interface: &NetworkInterface) -> Option<String> {
        let address = interface.public_ipv4().filter(|_| interface.vpc.dns_hostnames)?;
        let region = self.zone.region();
        let compute = match region.as_str() {
            "us-east-1" => "compute-1".to_owned(),
            other => format!("{other}.compute"),
        };
        Some(format!("ec2-{}.{compute}.{}", dashed(address), region.partition().1))
    }
}

impl LifeCycle {
    const ALL: [Self; 4] = [Self::OnDemand, Self::Spot, Self::Scheduled, Self::CapacityBlock];

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

impl fmt::Display for LifeCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LifeCycle {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|life_cycle| life_cycle.as_str() == text);
        let rule = "it is on-demand, spot, scheduled or capacity-block";
        found.ok_or_else(|| Invalid::new("life cycle", text, rule))
    }
}

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}

#[cfg(test)]
mod tests {
    use crate::Launch;
    use crate::launch::LaunchInterface;

    #[test]
    fn a_network_card_is_named_where_there_are_several() {
        let cards = |kind: &str, cards: &[Option<u16>]| {
            let interfaces = cards.iter().zip(0..).map(|(&network_card, nth)| LaunchInterface {
                network_card,
                device_index: Some(nth),
                ..LaunchInterface::default()
            });
            let (instance_type, interfaces) = (kind.parse().ok(), interfaces.collect());
            let launch = Launch { instance_type, interfaces, ..Launch::default() };
            let instance = launch.resolve().unwrap();
            instance.interfaces.iter().map(|it| instance.network_card(it)).collect::<Vec<_>>()
        };
        assert_eq!(cards("t3.micro", &[None]), [None]);
        assert_eq!(cards("t3.micro", &[Some(0), Some(0)]), [None, None]);
        assert_eq!(cards("t3.micro", &[None, Some(1)]), [Some(0), Some(1)]);
        assert_eq!(cards("p5.48xlarge", &[None, None]), [Some(0), Some(0)]);
    }
}
