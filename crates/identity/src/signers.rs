//! Who signs the identity documents of each Region, and when.
//!
//! Making keys takes a moment, so a [`Signer`] does it on a thread of its own when a signed path is
//! first requested: neither the start of the service nor any other request waits.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use imds_core::Endpoint;
use imds_core::placement::Region;

use crate::authority::Authority;
use crate::store::IdentityError;

/// How long a request for a signed path may wait for its value.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Where the keys of a Region are stored.
#[derive(Clone, Debug, Default)]
pub enum KeyStorage {
    /// Nowhere: keys last as long as the process.
    #[default]
    Ephemeral,
    /// In this directory, where keys are made at first use.
    Directory(PathBuf),
    /// In this directory if it has keys, else nowhere. Nothing is written there.
    ReadOnly(PathBuf),
}

/// The signers of all Regions.
#[derive(Default)]
pub struct Signers {
    storage: KeyStorage,
    by_region: Mutex<HashMap<Region, Arc<Signer>>>,
}

impl Signers {
    /// Signers that have not started on anything.
    pub fn new(storage: KeyStorage) -> Self {
        Self { storage, ..Self::default() }
    }

    /// The Region's signer.
    pub fn of(&self, region: &Region) -> Arc<Signer> {
        let mut signers = self.by_region.lock().unwrap_or_else(PoisonError::into_inner);
        let signer = signers.entry(region.clone());
        let new = || Signer::new(region.clone(), self.storage.clone());
        Arc::clone(signer.or_insert_with(new))
    }
}

/// Signs the identity documents of one Region's instances, in the background.
pub struct Signer {
    region: Region,
    storage: KeyStorage,
    authority: OnceLock<Authority>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    /// What is to be signed, but for what the worker has taken.
    queue: Vec<Arc<Endpoint>>,
    worker: Option<JoinHandle<()>>,
}

impl Signer {
    /// A signer that has not started on anything.
    pub fn new(region: Region, storage: KeyStorage) -> Arc<Self> {
        let (authority, work) = (OnceLock::new(), Mutex::default());
        Arc::new(Self { region, storage, authority, work })
    }

    /// Sees to it that `endpoint` gets its signatures, and returns at once. Cheap, and harmless to
    /// repeat; after a failure it tries again.
    pub fn start(self: &Arc<Self>, endpoint: &Arc<Endpoint>) {
        let mut work = self.work();
        if endpoint.is_signed() || work.queue.iter().any(|queued| Arc::ptr_eq(queued, endpoint)) {
            return;
        }
        work.queue.push(Arc::clone(endpoint));
        if !work.is_under_way() {
            let signer = Arc::clone(self);
            let thread = thread::Builder::new().name("identity".to_owned());
            match thread.spawn(move || signer.run()) {
                Ok(worker) => work.worker = Some(worker),
                Err(error) => {
                    work.queue.clear();
                    tracing::error!(%error, "cannot start a thread to sign identity documents");
                }
            }
        }
    }

    /// Whether there is something to wait for: once it is false, what is not signed by now has
    /// failed.
    pub fn is_working(&self) -> bool {
        self.work().is_under_way()
    }

    /// The worker's life: it signs what is queued and ends.
    fn run(&self) {
        while let Some(endpoint) = self.next() {
            if let Err(error) = self.sign(&endpoint) {
                let error: &(dyn Error + 'static) = &error;
                tracing::error!(region = %self.region, error, "cannot sign identity documents");
                // What is left would fail alike; it may be asked for again.
                self.work().queue.clear();
            }
        }
    }

    /// The next endpoint to sign. Where there is none, the worker has retired: whatever is queued
    /// from now on needs another.
    fn next(&self) -> Option<Arc<Endpoint>> {
        let mut work = self.work();
        let next = work.queue.pop();
        if next.is_none() {
            work.worker = None;
        }
        next
    }

    fn sign(&self, endpoint: &Endpoint) -> Result<(), IdentityError> {
        let authority = self.authority()?;
        // A document is made and signed at the launch. That this is not "now" has a use: the same
        // launch has the same signatures after a restart.
        let signatures = authority.sign(endpoint.document(), endpoint.launched_at())?;
        endpoint.set_signatures(signatures);
        Ok(())
    }

    fn authority(&self) -> Result<&Authority, IdentityError> {
        if let Some(authority) = self.authority.get() {
            return Ok(authority);
        }
        let kept = match &self.storage {
            KeyStorage::Ephemeral => None,
            KeyStorage::Directory(directory) => Some(Authority::open(&self.region, directory)?),
            KeyStorage::ReadOnly(directory) => Authority::kept(&self.region, directory)?,
        };
        let authority = kept.map_or_else(|| Authority::make(&self.region), Ok)?;
        Ok(self.authority.get_or_init(|| authority))
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn is_under_way(&self) -> bool {
        // A worker that panicked is finished, and still here.
        self.worker.as_ref().is_some_and(|worker| !worker.is_finished())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use imds_core::Launch;
    use imds_core::identity::Proof;
    use tempfile::TempDir;

    use super::*;

    fn endpoint() -> Arc<Endpoint> {
        Arc::new(Endpoint::new(&Launch::default().settle().expect("the defaults do")))
    }

    fn signer(storage: KeyStorage) -> Arc<Signer> {
        Signer::new("us-east-1".parse().expect("it is a Region"), storage)
    }

    /// The value of `pkcs7`, or of nothing, once the worker has retired.
    fn signed(signer: &Arc<Signer>, endpoint: &Arc<Endpoint>) -> Option<Vec<u8>> {
        signer.start(endpoint);
        while signer.is_working() {
            thread::yield_now();
        }
        let now = imds_core::Moment { unix_ms: 0, serial: 0 };
        let path = format!("latest/dynamic/instance-identity/{}", Proof::Pkcs7);
        let found = endpoint.tree().find(&path, now).expect("the path is always there");
        (!found.pending).then(|| found.body.into_owned())
    }

    #[test]
    fn all_endpoints_of_a_region_are_signed_with_the_same_keys() {
        let signer = signer(KeyStorage::Ephemeral);
        let (one, two) = (endpoint(), endpoint());
        for _ in 0..100 {
            signer.start(&one);
            signer.start(&two);
        }
        let first = signed(&signer, &one);
        assert!(first.is_some());
        assert_eq!(signed(&signer, &two), first);
        assert_eq!(signed(&signer, &endpoint()), first, "also after the worker has retired");
    }

    #[test]
    fn signatures_outlive_a_restart_where_there_is_a_directory() {
        let state = TempDir::new().unwrap();
        let life = |storage| signed(&signer(storage), &endpoint());
        let kept = || KeyStorage::Directory(state.path().to_owned());
        let if_kept = || KeyStorage::ReadOnly(state.path().to_owned());
        assert!(life(if_kept()).is_some());
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "nothing is written");
        let first = life(kept());
        assert!(first.is_some());
        assert_eq!(life(kept()), first);
        assert_eq!(life(if_kept()), first);
        assert_ne!(life(KeyStorage::Ephemeral), first);
    }

    #[test]
    fn a_failure_ends_the_wait_and_is_mended_without_a_restart() {
        let state = TempDir::new().unwrap();
        let path = state.path().join("identity-us-east-1.pem");
        fs::write(&path, "no keys").unwrap();
        let (signer, endpoint) =
            (signer(KeyStorage::Directory(state.path().to_owned())), endpoint());
        assert_eq!(signed(&signer, &endpoint), None);
        assert_eq!(signed(&signer, &endpoint), None);
        fs::remove_file(&path).unwrap();
        assert!(signed(&signer, &endpoint).is_some());
    }
}
