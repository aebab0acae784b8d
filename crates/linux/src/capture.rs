//! Packets as they cross an interface, to prove what did and what did not.

use std::ffi::CString;
use std::io::{self, Read};
use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::Error;

/// The longest packet kept whole, in bytes; no link here carries a longer one.
const FRAME_LEN: usize = 65_536;

/// How much may wait in the kernel between two looks, in bytes.
const BACKLOG: usize = 8 << 20;

/// A tap on one interface, of both directions, open from [`Capture::start`] until it is dropped.
#[derive(Debug)]
pub struct Capture {
    socket: Socket,
    interface: String,
    frames: Vec<Vec<u8>>,
}

impl Capture {
    /// Starts to collect every frame that crosses `interface` of the calling thread's namespace.
    pub fn start(interface: &str) -> Result<Self, Error> {
        let failed = |source| Error::Capture {
            operation: "capture packets",
            interface: interface.into(),
            source,
        };
        let open = || -> io::Result<Socket> {
            let address = every_packet_on(interface)?;
            // Protocol 0 collects nothing until `bind` says which interface.
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
            // More than the default backlog takes a privilege that may be missing.
            let _ = socket.set_recv_buffer_size(BACKLOG);
            socket.set_nonblocking(true)?;
            socket.bind(&address)?;
            Ok(socket)
        };
        Ok(Self {
            socket: open().map_err(failed)?,
            interface: interface.into(),
            frames: Vec::new(),
        })
    }

    /// All frames so far, Ethernet headers included, oldest first.
    ///
    /// # Errors
    /// Also when the kernel had to drop a frame: then nothing can be proved any more.
    pub fn frames(&mut self) -> Result<&[Vec<u8>], Error> {
        let mut buffer = vec![0; FRAME_LEN];
        loop {
            match (&self.socket).read(&mut buffer) {
                Ok(length) => self.frames.push(buffer[..length].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("read packets", error)),
            }
        }
        match self.dropped() {
            Ok(0) => Ok(&self.frames),
            Ok(count) => Err(self.failed(
                "capture every packet",
                io::Error::other(format!("the kernel dropped {count}")),
            )),
            Err(error) => Err(self.failed("count dropped packets", error)),
        }
    }

    /// Waits until the frames so far satisfy `enough`, or for `patience`. Says whether they do.
    pub fn wait_for(
        &mut self,
        patience: Duration,
        mut enough: impl FnMut(&[Vec<u8>]) -> bool,
    ) -> Result<bool, Error> {
        let deadline = Instant::now() + patience;
        loop {
            if enough(self.frames()?) {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let timeout = Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            let mut ready = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut ready, Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(self.failed("wait for packets", error.into())),
            }
        }
    }

    /// Frames the kernel had no room for since the last time this was asked.
    fn dropped(&self) -> io::Result<u32> {
        // `struct tpacket_stats`: packets seen, packets dropped.
        let mut counts = [0_u32; 2];
        let mut length = libc::socklen_t::try_from(size_of_val(&counts)).unwrap_or_default();
        // SAFETY: the pointers are to live values, and `length` is the first one's size.
        let outcome = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut counts).cast(),
                &raw mut length,
            )
        };
        if outcome == 0 { Ok(counts[1]) } else { Err(io::Error::last_os_error()) }
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        Error::Capture { operation, interface: self.interface.clone(), source }
    }
}

/// The socket address that means "every protocol on this interface".
fn every_packet_on(interface: &str) -> io::Result<SockAddr> {
    let name = CString::new(interface)?;
    // SAFETY: `name` is a live, terminated string.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    if index == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the closure writes a `sockaddr_ll`, which fits in the storage it is given, and sets
    // the length to what it wrote; all else in the storage is zero.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, length| {
            let link = storage.cast::<libc::sockaddr_ll>();
            (*link).sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
            (*link).sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
            (*link).sll_ifindex = index.cast_signed();
            *length = size_of::<libc::sockaddr_ll>().try_into().unwrap_or_default();
            Ok(())
        })
    }?;
    Ok(address)
}
