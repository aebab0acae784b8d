//! Which devices were removed.

use imds_linux::{Error, Netlink};

/// Devices that were removed, by index.
pub(crate) enum Removed {
    These(Vec<u32>),
    AllBut(Vec<u32>),
}

impl Removed {
    /// What the kernel tells since it was asked last ([`Netlink::removed_links`]). Where messages were lost,
    /// what is left says as much.
    pub(crate) fn of(
        told: Result<Option<Vec<u32>>, Error>,
        left: impl FnOnce() -> Result<Vec<u32>, Error>,
    ) -> Self {
        match told {
            Ok(Some(removed)) => Self::These(removed),
            Ok(None) | Err(_) => Self::AllBut(left().unwrap_or_default()),
        }
    }

    pub(crate) fn contains(&self, index: u32) -> bool {
        match self {
            Self::These(removed) => removed.contains(&index),
            Self::AllBut(left) => !left.contains(&index),
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
        for (told, is_removed) in [(Some(vec![3]), [true, false]), (None, [false, true])] {
            // With messages lost, 3 is left and 4 is not.
            let removed = Removed::of(Ok(told), || Ok(vec![1, 3]));
            assert_eq!([3, 4].map(|index| removed.contains(index)), is_removed);
        }
    }
}
