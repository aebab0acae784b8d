//! The thread that makes links, watches them, and makes them again.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use imds_dataplane::{Link, LinkCounts, LinkId, Resetter, Service, Target};
use imds_links::{Attached, LinkError, LinkNumber, Place, Plumber};
use imds_linux::socket;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::inbox::{Command, Inbox, Receiver};
use super::spec::LinkSpec;
use super::states::{LinkStates, Progress, Shown};

/// How soon a link that is not up is tried again, at first and after many failures.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// To ask for a container is to run its engine.
const LONGEST_PAUSE_OF_CONTAINER: Duration = Duration::from_secs(2);

/// How long a place is tried that another service has, before that is said: one that was killed needs
/// a moment to let it go.
const HANDOVER: Duration = Duration::from_secs(2);

/// How long a client's kernel has to answer a provoked reset.
const RESET: Duration = Duration::from_secs(2);

/// Its fields end in this order: whoever waits is answered once all links are gone.
pub(super) struct Manager {
    plumber: Plumber,
    service: Arc<Service>,
    states: Arc<LinkStates>,
    links: BTreeMap<u32, Managed>,
    /// Sockets that provoke resets, and when each is over.
    resets: VecDeque<(Instant, TcpStream)>,
    commands: Receiver,
}

/// A link as the thread knows it.
struct Managed {
    spec: LinkSpec,
    phase: Phase,
    /// How long to wait after the next failure.
    pause: Duration,
    waiter: Option<Waiter>,
}

/// Who waits for the first outcome, and until when.
struct Waiter {
    tried: Sender<Result<(), LinkError>>,
    deadline: Instant,
}

enum Phase {
    Up {
        /// Hangs up once the place is gone.
        gone: OwnedFd,
        listeners: Vec<LinkId>,
        since: Instant,
    },
    Down {
        next: Instant,
    },
}

impl Manager {
    pub(super) fn new(
        plumber: Plumber,
        service: Arc<Service>,
        commands: Receiver,
        states: Arc<LinkStates>,
    ) -> Self {
        let (links, resets) = (BTreeMap::new(), VecDeque::new());
        Self { plumber, service, states, links, resets, commands }
    }

    /// Obeys until told to stop. Links go with the plumber.
    ///
    /// To attach a link may take seconds, and there may be thousands: commands are obeyed after each.
    pub(super) fn run(mut self) {
        loop {
            let gone = match self.wait() {
                Ok(gone) => gone,
                Err(error) => return tracing::error!(%error, "cannot watch links"),
            };
            for command in self.commands.take() {
                match command {
                    Command::Add { number, spec, tried } => self.add(number, spec, tried),
                    Command::Remove { number, done: _done } => self.remove(number),
                    Command::Reset { number, local, peer } => self.reset(number, local, peer),
                    Command::Stop => return,
                }
            }
            for number in gone {
                self.lose(number);
            }
            self.try_next();
        }
    }

    /// Waits for something to do; gives the links whose place is gone.
    fn wait(&mut self) -> io::Result<Vec<u32>> {
        let now = Instant::now();
        self.resets.retain(|(over, _)| *over > now);
        let ups = self.links.iter().filter_map(|(number, link)| match &link.phase {
            Phase::Up { gone, .. } => Some((*number, gone)),
            Phase::Down { .. } => None,
        });
        let ups: Vec<_> = ups.collect();
        let watched = ups.iter().map(|(_, gone)| gone.as_fd());
        let watched = [self.commands.as_fd()].into_iter().chain(watched);
        let mut fds: Vec<_> =
            watched.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let tries = self.links.values().filter_map(|link| match link.phase {
            Phase::Down { next } => Some(next),
            Phase::Up { .. } => None,
        });
        let moments = tries.chain(self.resets.iter().map(|(over, _)| *over));
        let timeout = moments.min().map(|moment| moment.saturating_duration_since(now));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        rustix::io::retry_on_intr(|| poll(&mut fds, timeout.as_ref()))?;
        let ready = fds.iter().skip(1).map(|fd| !fd.revents().is_empty());
        Ok(ups
            .iter()
            .zip(ready)
            .filter(|(_, ready)| *ready)
            .map(|((number, _), _)| *number)
            .collect())
    }

    fn add(&mut self, number: u32, spec: LinkSpec, tried: Option<Sender<Result<(), LinkError>>>) {
        // The account's links are sent once more after a start; one may have been added just before.
        if tried.is_none() && self.links.contains_key(&number) {
            return;
        }
        self.remove(number);
        let progress = Progress::Waiting { reason: "it is being attached".into() };
        let shown = Shown { spec: spec.clone(), progress, earlier: LinkCounts::default() };
        self.states.lock().insert(number, shown);
        let now = Instant::now();
        let waiter = tried.map(|tried| Waiter { tried, deadline: now + HANDOVER });
        let phase = Phase::Down { next: now };
        self.links.insert(number, Managed { spec, phase, pause: FIRST_PAUSE, waiter });
    }

    fn remove(&mut self, number: u32) {
        if self.links.contains_key(&number) {
            self.take_down(number, "it is being removed");
            let link = self.links.remove(&number);
            self.states.lock().remove(&number);
            if let Some(Managed { spec, waiter: Some(waiter), .. }) = link {
                // Nobody waits any more if the caller has ended.
                let _ = waiter.tried.send(Err(LinkError::System {
                    operation: format!("link {}", spec.place),
                    reason: "it was removed meanwhile".into(),
                }));
            }
        }
    }

    /// Takes down a link whose place is gone. That of a process is over: its number may be another's.
    fn lose(&mut self, number: u32) {
        let Some(link) = self.links.get(&number) else { return };
        if let Place::Pid(pid) = link.spec.place {
            tracing::info!(number, pid, "link removed: its process has ended");
            self.remove(number);
            self.states.end(number);
        } else {
            self.take_down(number, "it is gone; it is attached again when it comes back");
        }
    }

    /// Tries the one link that is due for the longest time.
    fn try_next(&mut self) {
        let downs = self.links.iter().filter_map(|(number, link)| match link.phase {
            Phase::Down { next } => Some((next, *number)),
            Phase::Up { .. } => None,
        });
        if let Some((_, number)) = downs.min().filter(|(next, _)| *next <= Instant::now()) {
            self.attempt(number);
        }
    }

    /// Tries to bring a link up. One that fails is tried again later.
    fn attempt(&mut self, number: u32) {
        let Some(link) = self.links.get(&number) else { return };
        let attached = self.plumber.attach(LinkNumber(number), &link.spec.place);
        let served = attached.and_then(|attached| {
            serve(&self.service, self.commands.inbox(), number, &link.spec, attached)
                .inspect_err(|_| self.detach(number))
        });
        let Some(link) = self.links.get_mut(&number) else { return };
        let (progress, outcome) = match served {
            Ok((device, phase, listeners)) => {
                tracing::info!(number, place = %link.spec.place, device, "link attached");
                link.phase = phase;
                (Progress::Attached { device, listeners }, Ok(()))
            }
            Err(error) => {
                link.phase = Phase::Down { next: Instant::now() + link.pause };
                let longest = match link.spec.place {
                    Place::Container(_) => LONGEST_PAUSE_OF_CONTAINER,
                    _ => LONGEST_PAUSE,
                };
                link.pause = (link.pause * 2).min(longest);
                (Progress::Waiting { reason: error.to_string() }, Err(error))
            }
        };
        let is_early = |waiter: &mut Waiter| waiter.deadline > Instant::now();
        let is_handover = matches!(outcome, Err(LinkError::AlreadyLinked { .. }));
        let waiter = link.waiter.take_if(|waiter| !(is_handover && is_early(waiter)));
        // Whoever is told looks at the states next.
        self.show(number, progress);
        // Nobody waits any more if the caller has ended.
        let _ = waiter.map(|waiter| waiter.tried.send(outcome));
    }

    /// Takes a link down, for a reason; it is tried again soon.
    fn take_down(&mut self, number: u32, reason: &str) {
        let now = Instant::now();
        let Some(link) = self.links.get_mut(&number) else { return };
        let next = Phase::Down { next: now + FIRST_PAUSE };
        let Phase::Up { listeners, since, .. } = std::mem::replace(&mut link.phase, next) else {
            return;
        };
        // A device that somebody removes again and again is not made as often.
        if now - since > LONGEST_PAUSE {
            link.pause = FIRST_PAUSE;
        }
        let mut counted = LinkCounts::default();
        for listener in listeners {
            counted += self.service.detach(listener).unwrap_or_default();
        }
        self.detach(number);
        if let Some(shown) = self.states.lock().get_mut(&number) {
            shown.earlier += LinkCounts { open: 0, ..counted };
        }
        self.show(number, Progress::Waiting { reason: reason.to_owned() });
    }

    fn detach(&self, number: u32) {
        if let Err(error) = self.plumber.detach(LinkNumber(number)) {
            tracing::error!(%error, number, "cannot remove a link");
        }
    }

    /// Shows how far a link is; a new reason why it is not up is logged.
    fn show(&self, number: u32, progress: Progress) {
        let mut states = self.states.lock();
        let Some(shown) = states.get_mut(&number) else { return };
        if let Progress::Waiting { reason } = &progress {
            let is_known =
                matches!(&shown.progress, Progress::Waiting { reason: known } if known == reason);
            if !is_known {
                tracing::warn!(number, place = %shown.spec.place, reason, "link waits");
            }
        }
        shown.progress = progress;
    }

    /// Provokes a reset of a client, see [`Resetter`].
    fn reset(&mut self, number: u32, local: SocketAddr, peer: SocketAddr) {
        let socket = self.plumber.socket(LinkNumber(number), local.is_ipv6());
        let socket = socket.map_err(io::Error::other);
        match socket.and_then(|socket| socket::provoke_reset_on(socket.into(), peer)) {
            Ok(reset) => self.resets.push_back((Instant::now() + RESET, reset)),
            // Its client waits as long as on EC2.
            Err(error) => tracing::debug!(%error, %peer, "cannot reset a client"),
        }
    }
}

/// Serves the listeners of a link that is up: all of them, or none.
fn serve(
    service: &Service,
    inbox: &Arc<Inbox>,
    number: u32,
    spec: &LinkSpec,
    attached: Attached,
) -> Result<(String, Phase, Vec<LinkId>), LinkError> {
    let Attached { listeners: sockets, gone, device } = attached;
    let target = spec.instance.clone().map_or(Target::BySource, Target::Instance);
    let mut listeners = Vec::with_capacity(sockets.len());
    for socket in sockets {
        let inbox = Arc::clone(inbox);
        let resetter = Resetter::new(move |local, peer| {
            inbox.send(Command::Reset { number, local, peer });
        });
        match service.attach(Link::new(socket, target.clone()).reset_by(resetter)) {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                for listener in listeners {
                    let _ = service.detach(listener);
                }
                return Err(LinkError::System {
                    operation: format!("serve {}", spec.place),
                    reason: error.to_string(),
                });
            }
        }
    }
    let phase = Phase::Up { gone, listeners: listeners.clone(), since: Instant::now() };
    Ok((device, phase, listeners))
}
