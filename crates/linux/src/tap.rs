//! Ethernet devices whose cable ends in this process: what the kernel sends can be read, and what is
//! written arrives. Checksums are complete, since such a device offers to compute none.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::io::Errno;

use crate::rtnetlink::{Body, Message};
use crate::{Batch, Error};

/// A device, gone when it is dropped.
#[derive(Debug)]
pub struct TapDevice {
    file: File,
}

impl TapDevice {
    /// Makes a device in the calling thread's namespace; it is down.
    pub fn create(name: &str, index: u32) -> Result<Self, Error> {
        let failed = |source| Error::Tap { interface: name.into(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open("/dev/net/tun").map_err(failed)?;
        configure(&file, name, index).map_err(failed)?;
        Ok(Self { file })
    }

    /// The next frame that the kernel has sent; `None` if there is none now.
    pub fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match rustix::io::read(&self.file, &mut *buffer) {
            Ok(length) => Ok(Some(&buffer[..length])),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets a frame arrive. As on any cable, it is lost where nobody takes it.
    pub fn send(&self, frame: &[u8]) {
        // A device that is down takes nothing, which is no error of ours.
        let _ = rustix::io::write(&self.file, frame);
    }
}

impl AsFd for TapDevice {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Batch {
    /// Gives an interface an Ethernet address.
    pub fn ethernet_address(&mut self, index: u32, mac: [u8; 6]) -> &mut Self {
        let body = Body::link(index).bytes(libc::IFLA_ADDRESS, &mac);
        let operation = format!("give interface {index} an Ethernet address");
        self.change(operation, Message { kind: libc::RTM_SETLINK, body });
        self
    }
}

fn configure(file: &File, name: &str, index: u32) -> io::Result<()> {
    // SAFETY: an `ifreq` is integers and arrays of them, for which zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero: it ends the name.
    let room = request.ifr_name.len() - 1;
    if name.len() > room {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    let flags = libc::IFF_TAP | libc::IFF_NO_PI;
    request.ifr_ifru.ifru_flags = i16::try_from(flags).unwrap_or_default();
    // SAFETY: both requests take a pointer, to an unsigned integer and to an `ifreq`, and both are
    // live values.
    let outcome = unsafe {
        match libc::ioctl(file.as_raw_fd(), libc::TUNSETIFINDEX, &raw const index) {
            0 => libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request),
            failure => failure,
        }
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
