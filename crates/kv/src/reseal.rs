//! The rotation of the keys that values are sealed with.

use crate::error::KvError;
use crate::location::Location;
#[cfg(feature = "etcd")]
use crate::location::open_sealed;
use crate::open_error::OpenError;

/// What became of sealed values.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Resealed {
    /// How many were sealed again.
    pub resealed: usize,
    /// How many the first key had sealed when they were last looked at.
    pub current: usize,
    /// How many an older key may seal still, because others wrote them at the same time.
    pub outdated: usize,
    /// The keys of values that none of our keys opens.
    pub unreadable: Vec<String>,
}

/// Why values were not sealed again. Those that were stay so; it can be tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResealError {
    /// The engine cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The engine failed.
    #[error(transparent)]
    Kv(#[from] KvError),
    /// Values at this location are not sealed.
    #[error(
        "only values in etcd are sealed: those of a file are its owner's alone by the mode of the file"
    )]
    NotSealed,
}

/// Seals every value at `location` with the first of its keys, where an older one sealed it. Others may use
/// the state meanwhile. `progress` is told now and then how far it is.
pub fn reseal(
    location: &Location,
    progress: impl FnMut(&Resealed),
) -> Result<Resealed, ResealError> {
    match location {
        Location::Memory | Location::Sqlite(_) => {
            let _ = progress;
            Err(ResealError::NotSealed)
        }
        #[cfg(feature = "etcd")]
        Location::Etcd(etcd) => Ok(open_sealed(etcd)?.reseal(progress)?),
    }
}
