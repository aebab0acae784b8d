//! The links of a running host to its workloads: added and removed while it runs, and attached again
//! when what they lead to comes back.
//!
//! `manager` is the thread that makes them; `states` is what it shows of them; `admin` is what this
//! program's commands ask. The records are in the account, so that links outlive the service.

mod admin;
mod inbox;
mod manager;
mod spec;
mod states;

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use imds_account::link::LinkRecordError;
use imds_account::{Store, StoreError};
use imds_dataplane::Service;
use imds_links::{LinkError, Place, Plumber};

use crate::fleet::Placer;
use inbox::{Command, Inbox};
use manager::Manager;
pub use spec::{InvalidLink, LinkSpec};
use states::LinkStates;

pub(crate) use admin::LinkAdmin;

/// The thread that makes links, and the way to tell it. Dropping it removes all links.
pub(crate) struct Links {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What callers of any thread need.
pub(crate) struct Shared {
    inbox: Arc<Inbox>,
    states: Arc<LinkStates>,
    service: Arc<Service>,
    store: Store,
    /// Where this host follows linked instances alone.
    placer: Option<Placer>,
}

impl Links {
    /// Starts the thread. It has no link yet.
    pub(crate) fn start(
        plumber: Plumber,
        service: Arc<Service>,
        store: Store,
        placer: Option<Placer>,
    ) -> io::Result<Self> {
        let (inbox, commands) = Inbox::open()?;
        let shared = Arc::new(Shared { inbox, states: Arc::default(), service, store, placer });
        let (service, states) = (Arc::clone(&shared.service), Arc::clone(&shared.states));
        let manager = Manager::new(plumber, service, commands, states);
        let thread = thread::Builder::new().name("links".into());
        let thread = Some(thread.spawn(move || manager.run())?);
        Ok(Self { shared, thread })
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Attaches the links of the settings, which fail where they cannot be made; then, without waiting,
    /// those that the account has.
    pub(crate) fn restore(&self, settings: &[LinkSpec]) -> Result<(), LinksError> {
        let (stored, unreadable) = imds_account::link::scan(&self.shared.store)?;
        for record in unreadable {
            tracing::error!(error = &record as &dyn std::error::Error, "cannot attach a link");
        }
        let stored: Vec<_> =
            stored.into_iter().map(|(number, link)| (number, link.record)).collect();
        for spec in settings {
            let text = spec.place.to_string();
            let known = stored.iter().find(|(_, link)| link.place == text);
            let number = match known {
                Some((number, _)) => *number,
                None => imds_account::link::reserve(&self.shared.store)?,
            };
            self.shared.attach(number, spec)?;
        }
        for (number, link) in stored {
            match link.place.parse::<Place>() {
                Ok(place) if settings.iter().all(|spec| spec.place != place) => {
                    self.shared.inbox.send(Command::Add {
                        number,
                        spec: LinkSpec { place, instance: link.instance },
                        tried: None,
                    });
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, number, "cannot attach a link"),
            }
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.shared.inbox.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            // One that panicked makes no links any more.
            let _ = thread.join();
        }
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Adds a link, and waits until it was tried to attach it. A link of a place that does not exist yet
    /// waits for it; any other that fails is not there. Processes are not waited for: the next one with
    /// the number is another one.
    fn attach(&self, number: u32, spec: &LinkSpec) -> Result<(), LinkError> {
        if let Some(placer) = &self.placer {
            self.states.take_ended().into_iter().for_each(|ended| placer.withdraw(ended));
            placer.place(number, spec.instance.as_ref())?;
        }
        let (tried, outcome) = mpsc::channel();
        self.inbox.send(Command::Add { number, spec: spec.clone(), tried: Some(tried) });
        match outcome.recv().unwrap_or(Err(LinkError::Lost)) {
            Err(LinkError::NoSuchPlace { .. }) if !matches!(spec.place, Place::Pid(_)) => Ok(()),
            Err(error) => {
                self.detach(number);
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Forgets a link, and waits until nothing of it is left.
    fn detach(&self, number: u32) {
        let (done, all_done) = mpsc::channel();
        self.inbox.send(Command::Remove { number, done });
        // Its end is dropped once it is done, or the thread has ended, and all links with it.
        let _ = all_done.recv();
        // Not before: as long as it is served here, others wait for this host.
        if let Some(placer) = &self.placer {
            placer.withdraw(number);
        }
    }
}

/// Why links are not restored.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// One of the settings cannot be attached.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The account's links cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no number left for a link.
    #[error(transparent)]
    Record(#[from] LinkRecordError),
}
