//! What befalls a member of a cluster.

use std::fmt;

/// Something that befalls a member, until it is [ended](super::EtcdCluster::end).
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Its process ends as if its machine lost power; its files stay.
    Killed,
    /// Its process stops: its connections stay, and nothing answers.
    Stopped,
    /// Its link is cut.
    CutOff,
    /// Its link is slow both ways: 1 Mbit/s, and up to 0.4 s for what waits.
    Slow,
    /// Its disk is full. It needs one of [its own](super::EtcdCluster::start_on_small_disks).
    FullDisk,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "killed",
            Self::Stopped => "stopped",
            Self::CutOff => "cut off",
            Self::Slow => "slow",
            Self::FullDisk => "without room on its disk",
        })
    }
}
