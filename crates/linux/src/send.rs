//! Sends to many sockets with one system call.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use io_uring::register::Restriction;
use io_uring::{IoUring, opcode, types};
use rustix::io::Errno;
use rustix::net::SendFlags;

/// How many sends the kernel is handed at most with one system call.
const TOGETHER: u16 = 256;

/// The result of a send: how many bytes the socket accepted, or an error.
pub type Outcome = Result<usize, Errno>;

/// What is to be sent.
#[derive(Clone, Copy)]
pub struct Send<'a> {
    /// Where.
    pub socket: BorrowedFd<'a>,
    /// What.
    pub bytes: &'a [u8],
    /// What comes after it.
    pub next: Next,
}

/// What comes after bytes that are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Nothing that is known of: the bytes leave at once.
    Unknown,
    /// At once, more bytes or the end of the direction: the bytes wait for it in the socket, to leave in the
    /// same packet (`MSG_MORE`).
    Soon,
}

impl Send<'_> {
    fn flags(&self) -> SendFlags {
        let more = match self.next {
            Next::Unknown => SendFlags::empty(),
            Next::Soon => SendFlags::MORE,
        };
        SendFlags::DONTWAIT | SendFlags::NOSIGNAL | more
    }
}

/// Sends without waiting, as `send(2)` does with `MSG_DONTWAIT`, but for many sockets with one
/// system call, where the kernel has [io_uring] and lets us use it.
///
/// The calls saved are the lesser part. Whoever receives may have the processor each time that a
/// call returns: receivers would be woken, and sent to sleep again, for each answer instead of for
/// many.
///
/// [io_uring]: https://man7.org/linux/man-pages/man7/io_uring.7.html
#[derive(Default)]
pub struct Sender {
    ring: Ring,
    outcomes: Vec<Outcome>,
}

#[derive(Default)]
enum Ring {
    /// Made at the first send to several sockets: many services never have one.
    #[default]
    NotYet,
    Made(Box<IoUring>),
    /// Forbidden, as in most containers, or the kernel is too old.
    Never,
}

impl Sender {
    /// Makes each of `sends` and returns their results in the same order.
    pub fn send<'a>(&mut self, sends: impl ExactSizeIterator<Item = Send<'a>>) -> &[Outcome] {
        self.outcomes.clear();
        if sends.len() > 1
            && let Some(mut ring) = self.ring.take()
        {
            // One that failed is dropped, and what it still holds is never sent: those bytes are
            // gone by then.
            if send_together(&mut ring, sends, &mut self.outcomes).is_ok() {
                self.ring = Ring::Made(ring);
            }
        } else {
            let one_by_one =
                sends.map(|send| rustix::net::send(send.socket, send.bytes, send.flags()));
            self.outcomes.extend(one_by_one);
        }
        &self.outcomes
    }
}

impl Ring {
    /// Takes it, to be put back if it is still good.
    fn take(&mut self) -> Option<Box<IoUring>> {
        match mem::replace(self, Self::Never) {
            Self::NotYet => prepared().pop().or_else(|| make_ring().ok()).map(Box::new),
            Self::Made(ring) => Some(ring),
            Self::Never => None,
        }
    }
}

/// Whether this kernel has `io_uring` and the calling thread may use it.
pub fn can_be_together() -> bool {
    make_ring().is_ok()
}

/// Makes what this many senders need, for a process that is about to lose the right to make it. Where that
/// is refused already, they do without.
pub fn prepare(senders: usize) {
    prepared().extend((0..senders).map_while(|_| make_ring().ok()));
}

fn prepared() -> MutexGuard<'static, Vec<IoUring>> {
    static PREPARED: Mutex<Vec<IoUring>> = Mutex::new(Vec::new());
    PREPARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A ring that can do nothing but send: what is asked of a ring no seccomp filter sees.
fn make_ring() -> io::Result<IoUring> {
    let ring = IoUring::builder().setup_r_disabled().build(u32::from(TOGETHER))?;
    let submitter = ring.submitter();
    submitter.register_restrictions(&mut [Restriction::sqe_op(opcode::Send::CODE)])?;
    submitter.register_enable_rings()?;
    // Linux 5.17. Earlier kernels send as well, but some of them would wait for a socket that is
    // full in spite of `MSG_DONTWAIT`.
    if !ring.params().is_feature_skip_cqe_on_success() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(ring)
}

/// Fails where the kernel no longer takes anything from this ring; the sends that it did not make
/// have that as their outcome.
fn send_together<'a>(
    ring: &mut IoUring,
    sends: impl ExactSizeIterator<Item = Send<'a>>,
    outcomes: &mut Vec<Outcome>,
) -> io::Result<()> {
    outcomes.resize(sends.len(), Err(Errno::IO));
    let mut sends = (0..).zip(sends).peekable();
    while sends.peek().is_some() {
        let mut left = 0;
        let mut queue = ring.submission();
        for (number, send) in sends.by_ref().take(TOGETHER.into()) {
            let (socket, flags) = (types::Fd(send.socket.as_raw_fd()), send.flags().bits());
            let length = u32::try_from(send.bytes.len()).unwrap_or(u32::MAX);
            let send = opcode::Send::new(socket, send.bytes.as_ptr(), length)
                .flags(flags.cast_signed())
                .build()
                .user_data(number);
            // SAFETY: the socket and the bytes outlive this call. What is queued is done before it
            // returns, or never: the caller drops a ring that failed.
            unsafe { queue.push(&send) }.map_err(io::Error::other)?;
            left += 1;
        }
        drop(queue);
        while left > 0 {
            match ring.submit_and_wait(left) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for done in ring.completion() {
                let result = done.result();
                let index = usize::try_from(done.user_data()).unwrap_or(usize::MAX);
                if let Some(outcome) = outcomes.get_mut(index) {
                    *outcome =
                        usize::try_from(result).map_err(|_| Errno::from_raw_os_error(-result));
                }
                left -= 1;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// One that may not use `io_uring`, and one that does; where that cannot be tried it is said,
    /// and CI must try it.
    fn senders() -> impl Iterator<Item = Sender> {
        let together = make_ring().map(Box::new).map(Ring::Made).ok();
        if together.is_none() {
            assert!(std::env::var_os("CI").is_none(), "needed here: io_uring");
            eprintln!("skipped: io_uring, which this machine refuses");
        }
        let rings = [Some(Ring::Never), together].into_iter().flatten();
        rings.map(|ring| Sender { ring, outcomes: Vec::new() })
    }

    fn send(sender: &mut Sender, sends: &[(&UnixStream, &[u8])]) -> Vec<Outcome> {
        let next = Next::Unknown;
        let sends =
            sends.iter().map(|(socket, bytes)| Send { socket: socket.as_fd(), bytes, next });
        sender.send(sends).to_vec()
    }

    #[test]
    fn each_socket_gets_its_own_in_order_however_many_there_are() {
        for mut sender in senders() {
            let pairs: Vec<_> = (0..3).map(|_| UnixStream::pair().unwrap()).collect();
            let count = usize::from(TOGETHER) + 7;
            let texts: Vec<_> = (0..count).map(|number| format!("{number} ")).collect();
            let sends = texts.iter().enumerate();
            let sends = sends.map(|(number, text)| (&pairs[number % 3].0, text.as_bytes()));
            let outcomes = send(&mut sender, &sends.collect::<Vec<_>>());
            let lengths: Vec<_> = texts.iter().map(|text| Ok(text.len())).collect();
            assert_eq!(outcomes, lengths);
            for (first, (here, mut there)) in pairs.into_iter().enumerate() {
                drop(here);
                let mut received = String::new();
                there.read_to_string(&mut received).unwrap();
                assert_eq!(received, texts[first..].iter().step_by(3).cloned().collect::<String>());
            }
        }
    }

    /// Guards against answers that wait in the kernel, which gives up to wait after 200 ms.
    #[test]
    fn what_waits_for_more_leaves_with_the_end() {
        for mut sender in senders() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut clients = [(); 2].map(|()| {
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                (client, listener.accept().unwrap().0)
            });
            let sends = clients.iter().map(|(_, socket)| Send {
                socket: socket.as_fd(),
                bytes: b"answer",
                next: Next::Soon,
            });
            assert_eq!(sender.send(sends), [Ok(6), Ok(6)]);
            for (client, socket) in &mut clients {
                client.set_nonblocking(true).unwrap();
                let nothing = client.read(&mut [0; 8]).unwrap_err();
                assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
                client.set_nonblocking(false).unwrap();
                socket.shutdown(Shutdown::Write).unwrap();
                let mut received = String::new();
                client.read_to_string(&mut received).unwrap();
                assert_eq!(received, "answer");
            }
        }
    }

    /// Guards against a ring as a way around filters.
    #[test]
    fn a_ring_does_nothing_but_send() {
        let Ok(mut ring) = make_ring() else {
            assert!(std::env::var_os("CI").is_none(), "needed here: io_uring");
            return eprintln!("skipped: io_uring, which this machine refuses");
        };
        let path = c"/proc/self/status";
        let open = opcode::OpenAt::new(types::Fd(libc::AT_FDCWD), path.as_ptr()).build();
        // SAFETY: the path lives for ever.
        unsafe { ring.submission().push(&open) }.unwrap();
        ring.submit_and_wait(1).unwrap();
        assert_eq!(ring.completion().next().unwrap().result(), -libc::EACCES);
    }

    /// Guards against one client that takes nothing holding up all others.
    #[test]
    fn who_cannot_take_it_is_not_waited_for() {
        for mut sender in senders() {
            let [(full, _theirs), (gone, there), (good, _peer)] =
                [(); 3].map(|()| UnixStream::pair().unwrap());
            drop(there);
            while let [Ok(_)] = *send(&mut sender, &[(&full, &[0; 4096])]) {}
            for _ in 0..2 {
                let sends = [(&full, &b"1"[..]), (&gone, b"22"), (&good, b"333"), (&full, b"4444")];
                let expected = [Err(Errno::WOULDBLOCK), Err(Errno::PIPE), Ok(3)];
                assert_eq!(send(&mut sender, &sends)[..3], expected);
            }
        }
    }
}
