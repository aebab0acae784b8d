//! An instance: every fact its metadata is made of, all settled.

use std::net::Ipv4Addr;

use crate::credentials::Credentials;
use crate::ids::{AccountId, InstanceId};
use crate::image::Image;
use crate::instance_type::InstanceType;
use crate::network::NetworkInterface;
use crate::options::MetadataOptions;
use crate::placement::Zone;
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
    /// Where it runs.
    pub zone: Zone,
    /// `r-…`
    pub reservation_id: String,
    /// When it was launched, in seconds since 1970.
    pub launched_at: u64,
    /// Its network interface.
    pub interface: NetworkInterface,
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

/// The role in an instance profile of the same name.
#[derive(Clone)]
pub struct Role {
    /// The role's name.
    pub name: String,
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
    /// The private DNS name: `ip-172-31-5-9.ec2.internal`.
    pub fn hostname(&self) -> String {
        let domain = self.zone.region().internal_domain();
        format!("ip-{}.{domain}", dashed(self.interface.private_ipv4))
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

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}
