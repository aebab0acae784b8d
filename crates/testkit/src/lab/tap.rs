//! What crosses a link, for any number of tests at a time.

use std::sync::Mutex;

use anyhow::{Result, anyhow};
use imds_linux::Namespace;
use imds_linux::capture::Capture;

use crate::packet::{Packet, Segment};

/// A capture on one end of a link.
#[derive(Debug)]
pub struct Tap(Mutex<State>);

#[derive(Debug)]
struct State {
    capture: Capture,
    /// How many frames are among `packets`, or are nothing that tests look at.
    parsed: usize,
    packets: Vec<Packet>,
}

impl Tap {
    pub(super) fn start(namespace: &Namespace, interface: &str) -> Result<Self> {
        let capture = namespace.run(|| Capture::start(interface))??;
        Ok(Self(Mutex::new(State { capture, parsed: 0, packets: Vec::new() })))
    }

    /// Looks at every packet that has crossed the link until now.
    ///
    /// # Errors
    /// Also when a frame was lost to the capture: then nothing is proved.
    pub fn look<T>(&self, look: impl FnOnce(&[Packet]) -> T) -> Result<T> {
        let mut state = self.0.lock().map_err(|_| anyhow!("another test failed in here"))?;
        let State { capture, parsed, packets } = &mut *state;
        let frames = capture.frames()?;
        packets.extend(frames[*parsed..].iter().filter_map(|frame| Packet::parse(frame)));
        *parsed = frames.len();
        Ok(look(packets))
    }

    /// The segments that were sent from `port`, or to it.
    pub fn segments(&self, port: u16) -> Result<Vec<Segment>> {
        self.look(|packets| {
            let segments = packets.iter().filter_map(|packet| match packet {
                Packet::Tcp(segment) => Some(segment),
                Packet::TimeExceeded(_) => None,
            });
            segments.filter(|it| it.from.port() == port || it.to.port() == port).cloned().collect()
        })
    }

    /// The segments for `port` that a router said it dropped.
    pub fn dropped(&self, port: u16) -> Result<Vec<Segment>> {
        self.look(|packets| {
            let dropped = packets.iter().filter_map(|packet| match packet {
                Packet::TimeExceeded(segment) => Some(segment),
                Packet::Tcp(_) => None,
            });
            dropped.filter(|segment| segment.to.port() == port).cloned().collect()
        })
    }
}
