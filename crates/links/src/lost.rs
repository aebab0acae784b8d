//! Which devices were lost.

use std::collections::BTreeMap;

use imds_linux::{Error, Loss, Netlink};

/// Devices that were lost, by index.
pub(crate) enum Lost {
    These(BTreeMap<u32, Loss>),
    AllBut(Vec<u32>),
}

impl Lost {
    /// What the kernel tells since it was asked last ([`Netlink::lost_links`]). Where messages were lost,
    /// what is left says as much of removed devices.
    pub(crate) fn of(
        told: Result<Option<BTreeMap<u32, Loss>>, Error>,
        left: impl FnOnce() -> Result<Vec<u32>, Error>,
    ) -> Self {
        match told {
            Ok(Some(lost)) => Self::These(lost),
            Ok(None) | Err(_) => Self::AllBut(left().unwrap_or_default()),
        }
    }

    /// Whether the device is gone.
    pub(crate) fn is_removed(&self, index: u32) -> bool {
        match self {
            Self::These(lost) => lost.get(&index) == Some(&Loss::Removed),
            Self::AllBut(left) => !left.contains(&index),
        }
    }

    /// Whether the device is gone, or the other end of its cable is.
    pub(crate) fn is_cut(&self, index: u32) -> bool {
        match self {
            Self::These(lost) => lost.contains_key(&index),
            Self::AllBut(_) => self.is_removed(index),
        }
    }
}

/// The devices that there are in a namespace.
pub(crate) fn indices(netlink: &mut Netlink) -> Result<Vec<u32>, Error> {
    Ok(netlink.interfaces()?.into_iter().map(|interface| interface.index).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_there_was_not_removed() {
        let told = BTreeMap::from([(3, Loss::Removed), (4, Loss::Carrier)]);
        let left = || Ok(vec![1, 4]);
        // With messages lost, 1 and 4 are left, and nobody knows of cables.
        for (told, removed, cut) in [
            (Some(told), [false, true, false, false], [false, true, true, false]),
            (None, [false, true, false, true], [false, true, false, true]),
        ] {
            let lost = Lost::of(Ok(told), left);
            assert_eq!([1, 3, 4, 5].map(|index| lost.is_removed(index)), removed);
            assert_eq!([1, 3, 4, 5].map(|index| lost.is_cut(index)), cut);
        }
    }
}
