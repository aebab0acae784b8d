//! Signs the identity documents of each Region in the background.
//!
//! Making keys takes tenths of a second, so [`Signers`] have a thread that does it when a signed path is
//! first requested: neither the start of the service nor any other request waits. It is started with them,
//! since the threads that answer requests may be confined so that they could not start one.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use imds_core::Endpoint;
use imds_core::placement::Region;

use crate::authority::Authority;
use crate::store::{IdentityError, KeyText};

/// How long a request for a signed path may wait for its value.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Where the keys of a Region are stored.
#[derive(Clone, Default)]
pub enum KeyStorage {
    /// In memory: keys last as long as the process.
    #[default]
    Ephemeral,
    /// In this directory, where keys are made at first use.
    Directory(PathBuf),
    /// In this directory if it has keys, else in memory. Nothing is written to the directory.
    ReadOnly(PathBuf),
    /// Where this keeps text, for all hosts that share it. Keys are made at first use.
    Shared(KeyText),
}

/// The signers of all Regions.
pub struct Signers {
    storage: KeyStorage,
    /// To the thread that signs, which ends once nobody can ask it any more.
    jobs: Sender<Arc<Signer>>,
    by_region: Mutex<HashMap<Region, Arc<Signer>>>,
}

impl Signers {
    /// Signers without keys; keys are loaded or made when they are first needed.
    ///
    /// # Errors
    /// If the thread that signs cannot be started.
    pub fn new(storage: KeyStorage) -> io::Result<Self> {
        let (jobs, asked) = mpsc::channel::<Arc<Signer>>();
        let run = move || asked.iter().for_each(|signer| signer.run_and_survive());
        thread::Builder::new().name("identity".to_owned()).spawn(run)?;
        Ok(Self { storage, jobs, by_region: Mutex::default() })
    }

    /// The Region's signer.
    pub fn of(&self, region: &Region) -> Arc<Signer> {
        let mut signers = self.by_region.lock().unwrap_or_else(PoisonError::into_inner);
        let signer = signers.entry(region.clone());
        let new = || Signer {
            region: region.clone(),
            storage: self.storage.clone(),
            jobs: self.jobs.clone(),
            authority: OnceLock::new(),
            work: Mutex::default(),
        };
        Arc::clone(signer.or_insert_with(|| Arc::new(new())))
    }
}

/// Signs the identity documents of one Region's instances, in the background.
pub struct Signer {
    region: Region,
    storage: KeyStorage,
    jobs: Sender<Arc<Signer>>,
    authority: OnceLock<Authority>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    /// Endpoints to sign, without the one that is being signed.
    queue: Vec<Arc<Endpoint>>,
    /// Whether the thread that signs has been asked, and has not yet found the queue empty.
    is_under_way: bool,
}

impl Signer {
    /// Starts to sign `endpoint` in the background. Calling it again is cheap and has no effect, or tries
    /// again after a failure.
    pub fn start(self: &Arc<Self>, endpoint: &Arc<Endpoint>) {
        let mut work = self.work();
        if endpoint.is_signed() || work.queue.iter().any(|queued| Arc::ptr_eq(queued, endpoint)) {
            return;
        }
        work.queue.push(Arc::clone(endpoint));
        if !work.is_under_way {
            // The thread lives as long as there is a sender.
            work.is_under_way = self.jobs.send(Arc::clone(self)).is_ok();
        }
    }

    /// Whether signing is in progress. If not, an endpoint that is not signed has failed.
    pub fn is_working(&self) -> bool {
        self.work().is_under_way
    }

    /// Signs everything in the queue. A panic fails what is in there, and nothing else.
    fn run_and_survive(&self) {
        if catch_unwind(AssertUnwindSafe(|| self.run())).is_err() {
            *self.work() = Work::default();
        }
    }

    fn run(&self) {
        while let Some(endpoint) = self.next() {
            if let Err(error) = self.sign(&endpoint) {
                let error: &(dyn Error + 'static) = &error;
                tracing::error!(region = %self.region, error, "cannot sign identity documents");
                // The others would fail too; they can be requested again.
                self.work().queue.clear();
            }
        }
    }

    /// The next endpoint to sign. If there is none, the work ends: for endpoints that are queued later the
    /// thread must be asked again.
    fn next(&self) -> Option<Arc<Endpoint>> {
        let mut work = self.work();
        let next = work.queue.pop();
        if next.is_none() {
            work.is_under_way = false;
        }
        next
    }

    fn sign(&self, endpoint: &Endpoint) -> Result<(), IdentityError> {
        let authority = self.authority()?;
        // The time of the launch, not the current time: the same launch has the same signatures after a
        // restart.
        let signatures = authority.sign(endpoint.document(), endpoint.launched_at())?;
        endpoint.set_signatures(signatures);
        Ok(())
    }

    fn authority(&self) -> Result<&Authority, IdentityError> {
        if let Some(authority) = self.authority.get() {
            return Ok(authority);
        }
        let stored = match &self.storage {
            KeyStorage::Ephemeral => None,
            KeyStorage::Directory(directory) => {
                Some(Authority::load_or_create(&self.region, directory)?)
            }
            KeyStorage::ReadOnly(directory) => Authority::load(&self.region, directory)?,
            KeyStorage::Shared(text) => Some(Authority::shared(&self.region, text)?),
        };
        let authority = stored.map_or_else(|| Authority::make(&self.region), Ok)?;
        Ok(self.authority.get_or_init(|| authority))
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
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
        Arc::new(Endpoint::new(&Launch::default().resolve().expect("the defaults do")))
    }

    fn signer(storage: KeyStorage) -> Arc<Signer> {
        Signers::new(storage).unwrap().of(&"us-east-1".parse().expect("it is a Region"))
    }

    /// The value of `pkcs7`, or of nothing, once the worker has retired.
    fn signed(signer: &Arc<Signer>, endpoint: &Arc<Endpoint>) -> Option<Vec<u8>> {
        signer.start(endpoint);
        while signer.is_working() {
            thread::yield_now();
        }
        let now = imds_core::Moment { unix_ms: 0, steady_ms: 0, serial: 0 };
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
        let stored = || KeyStorage::Directory(state.path().to_owned());
        let if_stored = || KeyStorage::ReadOnly(state.path().to_owned());
        assert!(life(if_stored()).is_some());
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "nothing is written");
        let first = life(stored());
        assert!(first.is_some());
        assert_eq!(life(stored()), first);
        assert_eq!(life(if_stored()), first);
        assert_ne!(life(KeyStorage::Ephemeral), first);
    }

    #[test]
    fn hosts_that_share_text_sign_with_the_same_keys() {
        let kept: Arc<Mutex<Option<String>>> = Arc::default();
        let text: KeyText = Arc::new(move |_, made| {
            let mut kept = kept.lock().unwrap();
            // Another host made keys between the look and this.
            if kept.is_none() {
                *kept = made.map(str::to_owned);
            }
            Ok(kept.clone())
        });
        let shared = || signed(&signer(KeyStorage::Shared(Arc::clone(&text))), &endpoint());
        let first = shared();
        assert!(first.is_some());
        assert_eq!(shared(), first);
        let fails: KeyText = Arc::new(|_, _| Err("not there".into()));
        assert_eq!(signed(&signer(KeyStorage::Shared(fails)), &endpoint()), None);
        let other: KeyText = Arc::new(|_, _| Ok(Some("no keys".to_owned())));
        assert_eq!(signed(&signer(KeyStorage::Shared(other)), &endpoint()), None);
    }

    #[test]
    fn a_failure_ends_the_wait_and_can_be_fixed_without_a_restart() {
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
