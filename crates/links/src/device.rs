//! Links to a device of the host: the metadata addresses are on the device, and sockets bound to it.

use std::net::IpAddr;

use imds_linux::{Batch, Error, Netlink, sysctl};

use crate::error::LinkError;
use crate::outside::{SERVICE_V4, SERVICE_V6, SERVICES};
use crate::place::Place;
use crate::workload::ALIAS;

/// A source that has no way back by the same interface is accepted: guests may have the same
/// addresses.
const LOOSE: u8 = 2;
const STRICT: u8 = 1;

/// What was changed, to be undone.
#[derive(Debug)]
pub(crate) struct DeviceLink {
    pub(crate) name: String,
    pub(crate) index: u32,
    pub(crate) ipv6: bool,
    source_check: Option<u8>,
}

impl DeviceLink {
    /// Gives a device of the calling thread's namespace the addresses.
    pub(crate) fn make(place: &Place, name: &str) -> Result<Self, LinkError> {
        let explain = |error| LinkError::at(place, &error);
        let mut netlink = Netlink::open().map_err(explain)?;
        let interfaces = netlink.interfaces().map_err(explain)?;
        let Some(device) = interfaces.into_iter().find(|other| other.name == name) else {
            let reason = format!("there is no device {name} in the service's network namespace");
            return Err(LinkError::no_such(place, reason));
        };
        if device.alias.as_deref() == Some(ALIAS) {
            let reason = "it is a link's own end; name the device of a virtual machine".into();
            return Err(LinkError::AlreadyLinked { place: place.to_string(), reason });
        }
        let index = device.index;
        let mut batch = Batch::new();
        for own in netlink.interface_addresses().map_err(explain)? {
            if own.index != index || !SERVICES.contains(&own.address) {
                continue;
            }
            // Nobody has the lock of this device: a killed predecessor left it.
            if own.is_global && own.address.is_ipv4() {
                return Err(LinkError::AddressTaken {
                    place: place.to_string(),
                    address: own.address.to_string(),
                    by: format!("it is an address of {name}"),
                    fix: format!("remove it: ip address del {} dev {name}", own.address),
                    is_replaceable: false,
                });
            }
            batch.remove_link_address(index, own.address);
        }
        netlink.commit(&batch).map_err(explain)?;
        let ipv6 = sysctl::interface_has_ipv6(name);
        let source_check = relax_source_check(name).map_err(explain)?;
        let link = Self { name: name.into(), index, ipv6, source_check };
        let mut batch = Batch::new();
        for address in link.addresses() {
            batch.link_address(index, address);
        }
        netlink.commit(&batch).map_err(explain).inspect_err(|_| link.remove())?;
        Ok(link)
    }

    /// Takes the addresses from the device, as far as it has them, in the calling thread's namespace.
    pub(crate) fn remove(&self) {
        // Each by itself: one that is gone, with its device or by hand, must not save the other.
        for address in self.addresses() {
            let _ = Netlink::open().and_then(|mut netlink| {
                netlink.commit(Batch::new().remove_link_address(self.index, address))
            });
        }
        if let Some(value) = self.source_check {
            let _ = sysctl::set_source_check(&self.name, value);
        }
    }

    fn addresses(&self) -> Vec<IpAddr> {
        let v6 = self.ipv6.then_some(IpAddr::V6(SERVICE_V6));
        [IpAddr::V4(SERVICE_V4)].into_iter().chain(v6).collect()
    }
}

/// Gives the value to restore, if it was changed.
fn relax_source_check(name: &str) -> Result<Option<u8>, Error> {
    let (all, own) = (sysctl::source_check("all"), sysctl::source_check(name));
    let in_force = all.max(own);
    if in_force != Some(STRICT) {
        return Ok(None);
    }
    sysctl::set_source_check(name, LOOSE)?;
    Ok(own)
}
