//! The connection between the service and process 1: orders to process 1, state changes of the program
//! to the service. It closes when either process ends.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use imds_linux::Error;
use imds_linux::signal::{Arrived, Signals};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// One end of the connection.
pub(super) struct Line {
    stream: UnixStream,
}

/// A message, encoded as one byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ControlMessage {
    /// To process 1: its namespaces are known and its ids mapped, set up the machine.
    SetUp,
    /// To process 1: the service listens, start the program.
    Start,
    /// To process 1: give the program this signal.
    Signal(u8),
    /// From process 1: this signal stopped the program.
    Stopped(u8),
    /// The response to [`ControlMessage::Stopped`] after the service stopped too and was continued.
    Continue,
    /// The response to [`ControlMessage::Stopped`] if the service does not stop with the program.
    StayStopped,
}

impl ControlMessage {
    const STOPPED: u8 = 0x80;

    fn to_byte(self) -> u8 {
        match self {
            Self::Start => 0,
            Self::Signal(number) => number,
            Self::Stopped(number) => Self::STOPPED | number,
            Self::SetUp => 253,
            Self::Continue => 254,
            Self::StayStopped => 255,
        }
    }

    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Start,
            253 => Self::SetUp,
            254 => Self::Continue,
            255 => Self::StayStopped,
            Self::STOPPED.. => Self::Stopped(byte & !Self::STOPPED),
            number => Self::Signal(number),
        }
    }
}

/// What ended a wait.
pub(super) enum Wakeup {
    Signal(Arrived),
    /// A message from the other side, or an error if that side has ended.
    Line(io::Result<ControlMessage>),
}

impl Line {
    /// A connected pair of ends.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self { stream: one }, Self { stream: other }))
    }

    /// Sends a message. If the other side has ended, the next wait returns an error.
    pub(super) fn send(&mut self, message: ControlMessage) {
        let _ = self.stream.write_all(&[message.to_byte()]);
    }

    /// Waits for a message.
    pub(super) fn receive(&mut self) -> io::Result<ControlMessage> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(ControlMessage::from_byte(byte[0]))
    }

    /// Waits for a message or a signal, whichever comes first.
    pub(super) fn receive_or(&mut self, signals: &mut Signals) -> Result<Wakeup, Error> {
        let (has_message, has_signal) = {
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
        // Signals first: SIGCHLD often arrives together with the end of the connection and says more.
        if has_signal {
            signals.receive().map(Wakeup::Signal)
        } else if has_message {
            Ok(Wakeup::Line(self.receive()))
        } else {
            self.receive_or(signals)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_encoding() {
        let signals = (1..=64)
            .flat_map(|number| [ControlMessage::Signal(number), ControlMessage::Stopped(number)]);
        let others = [
            ControlMessage::SetUp,
            ControlMessage::Start,
            ControlMessage::Continue,
            ControlMessage::StayStopped,
        ];
        for message in others.into_iter().chain(signals) {
            assert_eq!(ControlMessage::from_byte(message.to_byte()), message);
        }
    }
}
