//! A link that loses frames: a process passes them on, or does not.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use imds_linux::tap::TapDevice;
use rustix::event::{PollFd, PollFlags, poll};

/// The longest frame: 1500 bytes, and a header.
const FRAME_LEN: usize = 2048;

/// How much a link loses, in each direction.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Of 100 frames, on average.
    pub percent: u8,
    /// Decides which; a frame's fate follows from this, its direction and its number.
    pub seed: u64,
}

impl Loss {
    fn takes(self, direction: u64, number: u64) -> bool {
        let fate = [self.seed, direction, number].iter().fold(0, |fate, part| mix(fate ^ part));
        fate % 100 < self.percent.into()
    }
}

/// The finalizer of `SplitMix64` (Steele, Lea, Flood 2014): every bit of the input changes half of
/// the bits of the output.
fn mix(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A running relay; ends, and the devices with it, when it is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    counts: Arc<[AtomicU64; 2]>,
    /// Its end ends the thread.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Relay {
    pub(super) fn start(near: TapDevice, far: TapDevice, loss: Loss) -> Result<Self> {
        let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (stop, stopped) = UnixStream::pair()?;
        let thread = thread::spawn({
            let counts = Arc::clone(&counts);
            move || relay(&[near, far], loss, &counts, &stopped)
        });
        Ok(Self { counts, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn passed_and_lost(&self) -> [u64; 2] {
        [0, 1].map(|index| self.counts[index].load(Ordering::Relaxed))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // How it ended does not matter any more.
            let _ = thread.join();
        }
    }
}

fn relay(
    ends: &[TapDevice; 2],
    loss: Loss,
    counts: &[AtomicU64; 2],
    stopped: &UnixStream,
) -> io::Result<()> {
    let mut buffer = [0; FRAME_LEN];
    let mut numbers = [0, 0];
    loop {
        let mut ready = [
            PollFd::new(&ends[0], PollFlags::IN),
            PollFd::new(&ends[1], PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !ready[2].revents().is_empty() {
            return Ok(());
        }
        // One frame of each at a time: a crowd on one side does not delay the other's.
        let mut is_idle = false;
        while !is_idle {
            is_idle = true;
            for (from, to, direction) in [(0, 1, 0), (1, 0, 1)] {
                let Some(frame) = ends[from].receive(&mut buffer)? else { continue };
                is_idle = false;
                numbers[from] += 1;
                let is_lost = loss.takes(direction, numbers[from]);
                counts[usize::from(is_lost)].fetch_add(1, Ordering::Relaxed);
                if !is_lost {
                    ends[to].send(frame);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_follows_from_the_seed_and_is_the_share_asked_for() {
        for percent in [0, 1, 10, 100] {
            let loss = Loss { percent, seed: 7 };
            for direction in [0, 1] {
                let lost = (0..100_000).filter(|number| loss.takes(direction, *number)).count();
                let wanted = usize::from(percent) * 1000;
                assert!(lost.abs_diff(wanted) <= wanted / 10, "{lost} of {wanted}");
            }
        }
        let other =
            |seed| (0..64).map(|n| Loss { percent: 50, seed }.takes(0, n)).collect::<Vec<_>>();
        assert_eq!(other(1), other(1));
        assert_ne!(other(1), other(2));
    }
}
