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
pub(super) enum Word {
    /// To process 1: the service listens, start the program.
    Start,
    /// To process 1: give the program this signal.
    Signal(u8),
    /// From process 1: this signal stopped the program.
    Stopped(u8),
    /// The answer to [`Word::Stopped`]: we stopped too, and now somebody has us go on.
    GoOn,
    /// The other answer to [`Word::Stopped`]: we do not mind.
    Noted,
}

impl Word {
    const STOPPED: u8 = 0x80;

    fn to_byte(self) -> u8 {
        match self {
            Self::Start => 0,
            Self::Signal(number) => number,
            Self::Stopped(number) => Self::STOPPED | number,
            Self::GoOn => 254,
            Self::Noted => 255,
        }
    }

    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Start,
            254 => Self::GoOn,
            255 => Self::Noted,
            Self::STOPPED.. => Self::Stopped(byte & !Self::STOPPED),
            number => Self::Signal(number),
        }
    }
}

/// Why a wait is over.
pub(super) enum Woken {
    Signal(Arrived),
    /// The other side spoke, or is gone.
    Line(io::Result<Word>),
}

impl Line {
    /// Both ends.
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self { stream: one }, Self { stream: other }))
    }

    /// Says it. If nobody hears it, the next wait will tell.
    pub(super) fn send(&mut self, word: Word) {
        let _ = self.stream.write_all(&[word.to_byte()]);
    }

    /// Waits for the other side.
    pub(super) fn receive(&mut self) -> io::Result<Word> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(Word::from_byte(byte[0]))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_arrives_as_it_was_said() {
        let signals = (1..=64).flat_map(|number| [Word::Signal(number), Word::Stopped(number)]);
        for word in [Word::Start, Word::GoOn, Word::Noted].into_iter().chain(signals) {
            assert_eq!(Word::from_byte(word.to_byte()), word);
        }
    }
}
