//! The helper process: one thread, which does what the service asks and tells what is gone.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use imds_linux::signal::{self, Disposition};
use imds_linux::{Error, Namespace, Netlink, descriptor, process, socket};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::CapabilitySet;

use crate::device::DeviceLink;
use crate::error::LinkError;
use crate::lock::Locks;
use crate::lost::{Lost, indices};
use crate::machine;
use crate::outside::{self, Near, Outside, SERVICE_V4};
use crate::place::Place;
use crate::request::{LinkNumber, MAX_LEN, Request, Response};
use crate::target::{find, not_a_namespace};
use crate::workload::{Refusal, Workload};

/// What it needs: devices and addresses, namespaces, those of other users' processes and in other
/// users' directories, port 80.
const KEPT: CapabilitySet = CapabilitySet::NET_ADMIN
    .union(CapabilitySet::SYS_ADMIN)
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::NET_RAW);

/// Signals that end the service. The helper ends when the service has.
const IGNORED: [i32; 6] = [1, 2, 3, 10, 12, 15];

pub(crate) struct Helper {
    socket: OwnedFd,
    replace_others: bool,
    /// The service's own namespace.
    home: Namespace,
    /// Where this process is between two steps.
    base: Namespace,
    locks: Locks,
    /// Made for the first link that needs it.
    outside: Option<Outside>,
    /// Made for the first device.
    home_events: Option<Netlink>,
    links: BTreeMap<LinkNumber, Up>,
}

/// A link that is up.
struct Up {
    means: Means,
    /// Closed to say that the place is gone.
    gone: Option<UnixStream>,
    /// Readable once the place's process has ended.
    process: Option<OwnedFd>,
    /// While it is open, no other service links this place.
    _lock: UnixListener,
}

enum Means {
    Cable(Near),
    Device(DeviceLink),
}

/// What goes to the service.
struct Ready {
    device: String,
    listeners: Vec<TcpListener>,
    means: Means,
}

impl Helper {
    /// Runs until the service has ended, then removes all links. Gives an exit code.
    pub(crate) fn run(socket: OwnedFd, replace_others: bool) -> u8 {
        for number in IGNORED {
            signal::dispose(number, Disposition::Ignore);
        }
        if process::keep_capabilities(KEPT).is_err() {
            return 1;
        }
        allow_many_links();
        let Ok((home, base, locks)) = settle_down() else { return 1 };
        let (outside, home_events, links) = (None, None, BTreeMap::new());
        let mut helper =
            Self { socket, replace_others, home, base, locks, outside, home_events, links };
        while helper.turn().is_some() {}
        helper.take_all_down();
        0
    }

    /// Waits for the next thing to do. `None` once the service has ended.
    fn turn(&mut self) -> Option<()> {
        let processes: Vec<_> = self
            .links
            .iter()
            .filter_map(|(number, up)| Some((*number, up.process.as_ref()?.as_fd())))
            .collect();
        let events =
            [self.outside.as_ref().map(|outside| &outside.events), self.home_events.as_ref()];
        let mut fds: Vec<PollFd<'_>> = vec![PollFd::new(&self.socket, PollFlags::IN)];
        let watched = events.iter().flatten().map(|events| events.as_fd());
        let watched = watched.chain(processes.iter().map(|(_, process)| *process));
        fds.extend(watched.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        rustix::io::retry_on_intr(|| poll(&mut fds, None)).ok()?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let processes: Vec<_> = processes.iter().map(|(number, _)| *number).collect();
        let ended = processes.iter().zip(&ready[ready.len() - processes.len()..]);
        for (number, _) in ended.filter(|(_, ended)| **ended) {
            if let Some(up) = self.links.get_mut(number) {
                (up.gone, up.process) = (None, None);
            }
        }
        self.notice_lost_devices();
        if ready[0] { self.answer() } else { Some(()) }
    }

    /// A device of this machine may be down as it likes. A cable that was cut is laid anew: a device that
    /// was down has lost its routes.
    fn notice_lost_devices(&mut self) {
        let outside = self.outside.as_mut().map(Outside::lost);
        let home = self.home_events.as_mut().map(|events| {
            // Where there are such events this thread is at home.
            let left = || Netlink::open().and_then(|mut netlink| indices(&mut netlink));
            Lost::of(events.lost_links(), left)
        });
        for up in self.links.values_mut() {
            let is_lost = match &up.means {
                Means::Cable(near) => outside.as_ref().is_some_and(|it| it.is_cut(near.index)),
                Means::Device(device) => {
                    home.as_ref().is_some_and(|it| it.is_removed(device.index))
                }
            };
            if is_lost {
                up.gone = None;
            }
        }
    }

    /// Does what the next message asks for.
    fn answer(&mut self) -> Option<()> {
        let (bytes, _) = descriptor::receive_message(&self.socket, MAX_LEN).ok().flatten()?;
        let request = serde_json::from_slice(&bytes).ok()?;
        let (response, descriptors) =
            self.serve(request).unwrap_or_else(|error| (Response::Failed { error }, Vec::new()));
        let response = serde_json::to_vec(&response).ok()?;
        let borrowed: Vec<BorrowedFd<'_>> = descriptors.iter().map(|fd| fd.as_fd()).collect();
        descriptor::send_message(&self.socket, &response, &borrowed).ok()
    }

    fn serve(&mut self, request: Request) -> Result<(Response, Vec<OwnedFd>), LinkError> {
        match request {
            Request::Attach { number, place } => self.attach(number, &place),
            Request::Detach { number } => {
                if let Some(up) = self.links.remove(&number) {
                    self.take_down(&up.means);
                }
                Ok((Response::Detached, Vec::new()))
            }
            Request::Socket { number, ipv6 } => {
                let up = self.links.get(&number).ok_or_else(|| LinkError::System {
                    operation: "open a socket".into(),
                    reason: format!("link {} is not up", number.0),
                })?;
                let (namespace, device) = match (&up.means, &self.outside) {
                    (Means::Cable(near), Some(outside)) => (&outside.namespace, near.name()),
                    (Means::Device(device), _) => (&self.home, device.name.clone()),
                    (Means::Cable(_), None) => return Err(LinkError::Lost),
                };
                let local = outside::service_address(ipv6);
                let opened =
                    within(&self.base, namespace, || socket::reset_socket(local, Some(&device)));
                let failed = |reason: String| LinkError::System {
                    operation: "open a socket".into(),
                    reason,
                };
                let opened = opened.map_err(|error| failed(error.to_string()))?;
                let opened = opened.map_err(|error| failed(error.to_string()))?;
                Ok((Response::Socket, vec![opened.into()]))
            }
        }
    }

    fn attach(
        &mut self,
        number: LinkNumber,
        place: &Place,
    ) -> Result<(Response, Vec<OwnedFd>), LinkError> {
        if self.links.contains_key(&number) {
            let reason = format!("link {} is up already; detach it first", number.0);
            return Err(LinkError::AlreadyLinked { place: place.to_string(), reason });
        }
        let (workload, process) = find(place, &self.home)?;
        let is_home = match &workload {
            None => true,
            Some(workload) => {
                self.is_home(workload).map_err(|error| LinkError::at(place, &error))?
            }
        };
        let checked = is_home && !self.replace_others;
        if let Some(evidence) = checked.then(|| machine::ec2_evidence(Path::new("/sys"))).flatten()
        {
            return Err(LinkError::OnEc2 { evidence });
        }
        let lock = self.locks.take(place, workload.as_ref())?;
        let Ready { device, listeners, means } = match (&workload, place) {
            (Some(workload), _) => self.lay_cable(place, workload, is_home)?,
            (None, Place::Device(name)) => self.link_device(place, name)?,
            (None, _) => return Err(LinkError::Lost),
        };
        let pair = UnixStream::pair().map_err(|error| {
            self.take_down(&means);
            LinkError::of(place, "make a pair of sockets", Some(&error))
        });
        let (theirs, ours) = pair?;
        self.links.insert(number, Up { means, gone: Some(ours), process, _lock: lock });
        let listeners = listeners.into_iter().map(OwnedFd::from);
        let descriptors = [OwnedFd::from(theirs)].into_iter().chain(listeners).collect();
        Ok((Response::Attached { device }, descriptors))
    }

    fn is_home(&self, workload: &Namespace) -> Result<bool, Error> {
        Ok(self.home.identity()? == workload.identity()?)
    }

    fn lay_cable(
        &mut self,
        place: &Place,
        workload: &Namespace,
        is_home: bool,
    ) -> Result<Ready, LinkError> {
        let explain = |error: Error| LinkError::at(place, &error);
        let replace_others = self.replace_others;
        let inspected = within(&self.base, workload, || {
            let workload = Workload::inspect(replace_others)?;
            if is_home && !replace_others && machine::is_answered() {
                return Err(Refusal::replaceable(SERVICE_V4.into(), "a service answers there"));
            }
            Ok(workload)
        });
        let mut inside =
            inspected.map_err(|error| not_a_namespace(place, &error))?.map_err(|refusal| {
                match refusal {
                    Refusal::Kernel(error) => explain(error),
                    Refusal::Taken { address, by, fix, is_replaceable } => {
                        let (place, address) = (place.to_string(), address.to_string());
                        LinkError::AddressTaken { place, address, by, fix, is_replaceable }
                    }
                }
            })?;
        let mut outside = if let Some(outside) = self.outside.take() {
            outside
        } else {
            let created = Outside::create();
            self.base.enter().map_err(explain)?;
            created.map_err(explain)?
        };
        let laid = lay(&mut outside, &mut inside, workload, &self.base);
        self.outside = Some(outside);
        let (near, listeners) = laid.map_err(explain)?;
        Ok(Ready { device: inside.plan.name, listeners, means: Means::Cable(near) })
    }

    fn link_device(&mut self, place: &Place, name: &str) -> Result<Ready, LinkError> {
        if !self.is_home(&self.base).map_err(|error| LinkError::at(place, &error))? {
            let denied = std::io::ErrorKind::PermissionDenied.into();
            return Err(LinkError::of(place, "change a device of this machine", Some(&denied)));
        }
        if self.home_events.is_none() {
            let events = Netlink::open_link_events();
            self.home_events = Some(events.map_err(|error| LinkError::at(place, &error))?);
        }
        let device = DeviceLink::make(place, name)?;
        let listeners = outside::listen(name, device.ipv6).map_err(|error| {
            device.remove();
            if error.kind() != std::io::ErrorKind::AddrInUse {
                return LinkError::of(place, "listen", Some(&error));
            }
            LinkError::AddressTaken {
                place: place.to_string(),
                address: format!("{SERVICE_V4}:80"),
                by: "a program of this machine listens on port 80 of all addresses".into(),
                fix: "have it listen on the addresses that it is for".into(),
                is_replaceable: false,
            }
        })?;
        Ok(Ready { device: name.into(), listeners, means: Means::Device(device) })
    }

    fn take_all_down(&mut self) {
        for up in self.links.values() {
            if let Means::Device(device) = &up.means {
                device.remove();
            }
        }
        // It can only fail because there are none any more.
        let _ = self.outside.as_mut().map(Outside::remove_all);
    }

    fn take_down(&mut self, means: &Means) {
        match (means, &mut self.outside) {
            // It can only fail because the device is gone already.
            (Means::Cable(near), Some(outside)) => drop(outside.remove(*near)),
            (Means::Cable(_), None) => {}
            (Means::Device(device), _) => device.remove(),
        }
    }
}

/// Each link takes two or three descriptors; what a process starts with is too few.
fn allow_many_links() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Fewer links work without this as well, and what is one too many says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// The service's namespace, the one between steps, and the locks. They are the same namespace unless
/// this process is root of a user namespace that does not own the service's: it could not come back.
fn settle_down() -> Result<(Namespace, Namespace, Locks), Error> {
    let home = Namespace::current()?;
    if home.enter().is_ok() {
        let base = Namespace::current()?;
        return Ok((home, base, Locks::Here));
    }
    // The thread stays in the service's namespace, where all services of a user look for locks.
    let locks = Locks::elsewhere();
    // Without privileges there is nowhere to go, and each link says so.
    let base = Namespace::unshare().or_else(|_| Namespace::current())?;
    Ok((home, base, locks))
}

/// Connects a workload; leaves nothing where it fails.
fn lay(
    outside: &mut Outside,
    inside: &mut Workload,
    workload: &Namespace,
    base: &Namespace,
) -> Result<(Near, Vec<TcpListener>), Error> {
    let near = outside.connect(workload, &inside.plan.name)?;
    let finished = (|| {
        inside.connect()?;
        outside.settle(near)?;
        within(base, &outside.namespace, || outside::listen(&near.name(), inside.ipv6))?
            .map_err(|source| Error::Process { operation: "listen", source })
    })();
    match finished {
        Ok(listeners) => Ok((near, listeners)),
        Err(error) => {
            let _ = outside.remove(near);
            Err(error)
        }
    }
}

/// Does something inside of a namespace, and comes back.
fn within<T>(
    base: &Namespace,
    namespace: &Namespace,
    work: impl FnOnce() -> T,
) -> Result<T, Error> {
    namespace.enter()?;
    let result = work();
    base.enter()?;
    Ok(result)
}
