//! Why an instance cannot be launched.

use std::net::IpAddr;

use crate::extra::{Conflict, ExtraPath, MAX_EXTRA};
use crate::ids::{InterfaceId, Invalid, SubnetId};
use crate::instance_type::InstanceType;
use crate::placement::{Region, Zone};

/// The most user data an instance may have, in bytes before base64.
pub const MAX_USER_DATA: usize = 16 * 1024;

/// Why an instance cannot be launched so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The IPv6 endpoint was enabled on a type that has none. The message is EC2's.
    #[error(
        "The HttpProtocolIpv6 metadata option cannot be enabled for Xen-backed instance types."
    )]
    Ipv6OnXen {
        /// The type.
        instance_type: InstanceType,
    },
    /// Tags were to be served, one of which has a key that is no path. The message is EC2's.
    #[error(
        "'{key}' is not a valid tag key. Tag keys must match pattern \
         ([0-9a-zA-Z\\\\-_+=,.@:]{{1,255}}), and must not be a reserved name ('.', '..', '_index')"
    )]
    TagKey {
        /// The key.
        key: String,
    },
    /// More user data than EC2 takes.
    #[error("too much user data: EC2 takes at most {MAX_USER_DATA} bytes, before base64")]
    UserDataTooLarge {
        /// How many bytes it has.
        bytes: usize,
    },
    /// The zone is not in the Region of the launch.
    #[error("Availability Zone {zone} is not in Region {region}")]
    ZoneElsewhere {
        /// The zone.
        zone: Zone,
        /// The Region.
        region: Region,
    },
    /// An address that an interface cannot have.
    #[error("{address} is not in {subnet}, or an interface has it already")]
    AddressElsewhere {
        /// The address.
        address: IpAddr,
        /// The interface's subnet.
        subnet: SubnetId,
    },
    /// A subnet is in another zone than the instance.
    #[error("{subnet} is not in {zone}, where the instance is")]
    SubnetElsewhere {
        /// The subnet.
        subnet: SubnetId,
        /// The instance's zone.
        zone: Zone,
    },
    /// Two interfaces with the same id, MAC address, or place on a network card.
    #[error(
        "network interfaces {one} and {other} have the same id, MAC address, or device index on a \
         network card"
    )]
    SameInterface {
        /// The first of them.
        one: InterfaceId,
        /// The second.
        other: InterfaceId,
    },
    /// The launch lists interfaces, but not the primary one, which every instance has.
    #[error("no network interface has device index 0 on network card 0")]
    NoPrimaryInterface,
    /// An extra value that cannot be where it should.
    #[error("{path} cannot be a value: {conflict}")]
    Extra {
        /// Where it should be.
        path: ExtraPath,
        /// Why it cannot.
        conflict: Conflict,
    },
    /// More than [`MAX_EXTRA`] bytes of extra values.
    #[error("the extra paths and values take {bytes} bytes; together they may take {MAX_EXTRA}")]
    TooMuchExtra {
        /// How many bytes it has.
        bytes: usize,
    },
    /// A name that IAM or EC2 refuses.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
