//! The line between the service and process 1: orders one way, news the other, and the end of the
//! line when either side is gone.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use imds_linux::Error;
use imds_linux::signal::{Arrived, Signals};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// One end.
pub(super) struct Line {
    stream: UnixStream,
}

/// What is said on it, one byte each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// To process 1: the service listens, start the program.
    Start,
    /// To process 1: give the program this signal. From it: this signal stopped the program.
    Signal(u8),
}

/// Why a wait is over.
pub(super) enum Woken {
    Signal(Arrived),
    /// The other side spoke, or is gone.
    Line(io::Result<Order>),
}

impl Line {
    /// Both ends.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self { stream: one }, Self { stream: other }))
    }

    pub(super) fn send(&mut self, order: Order) -> io::Result<()> {
        let byte = match order {
            Order::Start => 0,
            Order::Signal(number) => number,
        };
        self.stream.write_all(&[byte])
    }

    /// Waits for the other side.
    pub(super) fn receive(&mut self) -> io::Result<Order> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(match byte {
            [0] => Order::Start,
            [number] => Order::Signal(number),
        })
    }

    /// Waits for the other side or a signal, whichever comes first.
    pub(super) fn receive_or(&mut self, signals: &mut Signals) -> Result<Woken, Error> {
        let (line_spoke, signal_came) = {
            let mut ready =
                [PollFd::new(&self.stream, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
            match poll(&mut ready, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    return Err(Error::Process { operation: "wait", source: error.into() });
                }
            }
            (!ready[0].revents().is_empty(), !ready[1].revents().is_empty())
        };
        // Signals first: the end of the line often follows one that says more.
        if signal_came {
            signals.receive().map(Woken::Signal)
        } else if line_spoke {
            Ok(Woken::Line(self.receive()))
        } else {
            self.receive_or(signals)
        }
    }
}
