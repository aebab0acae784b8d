//! The judgement, as a function of the evidence.

use std::time::Duration;

use crate::error::Certainty;

/// Connections that must be reset. Where one packet in ten is lost, one in a hundred loses its answer
/// for as long as that takes; two in a row may do so, and nothing else show a loss.
pub(super) const RESETS: u8 = 3;
/// The same, where packets are seen to get lost.
pub(super) const RESETS_DESPITE_LOSS: u8 = 4;
/// Packets of a nudge that must be unacknowledged, all of them. Where one packet in ten is lost, each
/// fails by chance one time in five, and all of them and a repetition one time in 100,000.
pub(super) const PACKETS: usize = 6;
/// How often an unacknowledged nudge must have been sent again.
const REPEATS: u32 = 1;
const REPEATS_DESPITE_LOSS: u32 = 3;
/// The same, where not even the request was acknowledged and no nudge could be sent.
const REPEATS_OF_THE_REQUEST: u32 = 4;
const REPEATS_OF_THE_REQUEST_DESPITE_LOSS: u32 = 5;
/// Where the kernel knows nothing: how long silence has to last beside answers to others.
const UNKNOWN_AFTER: Duration = Duration::from_secs(1);

/// All that is known while a token is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    /// Since the first request for it.
    pub(super) silent_for: Duration,
    /// Connections that were reset by a nudge, without an answer.
    pub(super) resets: u8,
    /// How the nudge on the current connection fares.
    pub(super) nudged: Nudged,
    pub(super) testimony: Testimony,
}

/// What became of a nudge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Nudged {
    /// The kernel tells nothing of the connection.
    Unknown,
    /// Not sent, or too recent to say.
    Pending,
    /// It arrived, and the service's answers do too: it has not answered yet.
    Acknowledged,
    /// No acknowledgement came back.
    Unacknowledged {
        /// Packets of the nudge, 0 to 6; with 0 it is the request that is not acknowledged.
        packets: usize,
        /// How often the kernel has sent one of them again.
        retransmissions: u32,
        /// Whether the connection had lost packets before.
        had_loss: bool,
    },
}

/// What others see of the service meanwhile.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Testimony {
    /// The status that another request was answered with.
    pub(super) status: Option<u16>,
    /// Whether packets were lost on the way.
    pub(super) had_loss: bool,
    /// The smallest hop limit that reaches the service, 1 for a neighbour; once it is measured.
    pub(super) hops: Option<u8>,
}

/// That the token is lost by the hop limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) certainty: Certainty,
    /// The smallest hop limit that reaches the service.
    pub(super) hops: u8,
    /// The status that others were answered with.
    pub(super) other_status: u16,
}

impl Evidence {
    /// Whether the token is lost by the hop limit. `None`: this is not known, or not so.
    ///
    /// Nothing is said without the way's measure. Where no router is on it, every limit lets the token
    /// arrive; and a link that does not even let itself be measured stands still, so that what is
    /// silent on it shows nothing.
    pub(super) fn judge(&self) -> Option<Verdict> {
        let other_status = self.testimony.status?;
        let hops = self.testimony.hops.filter(|hops| *hops > 1)?;
        let verdict = |certainty| Verdict { certainty, hops, other_status };
        let lossy = self.testimony.had_loss;
        let least_resets = if lossy { RESETS_DESPITE_LOSS } else { RESETS };
        let swallowed = match self.nudged {
            Nudged::Acknowledged | Nudged::Pending | Nudged::Unknown => false,
            Nudged::Unacknowledged { packets: 0, retransmissions, .. } => {
                let repeats = if lossy {
                    REPEATS_OF_THE_REQUEST_DESPITE_LOSS
                } else {
                    REPEATS_OF_THE_REQUEST
                };
                retransmissions >= repeats
            }
            Nudged::Unacknowledged { packets, retransmissions, had_loss } => {
                let lossy = lossy || had_loss;
                let repeats = if lossy { REPEATS_DESPITE_LOSS } else { REPEATS };
                packets >= PACKETS && retransmissions >= repeats
            }
        };
        if swallowed || self.resets >= least_resets {
            return Some(verdict(Certainty::Sure));
        }
        let blind = self.nudged == Nudged::Unknown && self.resets == 0;
        (blind && self.silent_for >= UNKNOWN_AFTER).then(|| verdict(Certainty::Likely))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIVE: Testimony = Testimony { status: Some(401), had_loss: false, hops: Some(2) };
    const REPEATED: Nudged =
        Nudged::Unacknowledged { packets: PACKETS, retransmissions: 1, had_loss: false };

    fn evidence(nudged: Nudged, testimony: Testimony) -> Evidence {
        Evidence { silent_for: Duration::from_millis(200), resets: 0, nudged, testimony }
    }

    fn lost(certainty: Certainty) -> Verdict {
        Verdict { certainty, hops: 2, other_status: 401 }
    }

    fn is_sure(evidence: &Evidence) -> bool {
        evidence.judge() == Some(lost(Certainty::Sure))
    }

    #[test]
    fn an_unacknowledged_nudge_decides_once_it_was_sent_again() {
        let once = Nudged::Unacknowledged { packets: PACKETS, retransmissions: 0, had_loss: false };
        assert!(!is_sure(&evidence(once, ALIVE)));
        let few =
            Nudged::Unacknowledged { packets: PACKETS - 1, retransmissions: 1, had_loss: false };
        assert!(!is_sure(&evidence(few, ALIVE)));
        assert!(is_sure(&evidence(REPEATED, ALIVE)));
    }

    #[test]
    fn nothing_is_decided_while_nobody_else_is_answered() {
        let mute = Testimony { status: None, ..ALIVE };
        assert_eq!(evidence(REPEATED, mute).judge(), None);
        let unmeasured = Testimony { hops: None, ..ALIVE };
        assert_eq!(evidence(REPEATED, unmeasured).judge(), None);
        assert_eq!(Evidence { resets: 9, ..evidence(REPEATED, unmeasured) }.judge(), None);
    }

    #[test]
    fn a_neighbour_is_never_too_far() {
        let near = Testimony { hops: Some(1), ..ALIVE };
        let evidence = Evidence { resets: 9, ..evidence(REPEATED, near) };
        assert_eq!(evidence.judge(), None);
    }

    #[test]
    fn an_acknowledged_nudge_is_slowness_however_long_it_takes() {
        let slow = Evidence {
            silent_for: Duration::from_secs(60),
            ..evidence(Nudged::Acknowledged, ALIVE)
        };
        assert_eq!(slow.judge(), None);
    }

    #[test]
    fn where_packets_get_lost_more_must_be() {
        let lossy = Testimony { had_loss: true, ..ALIVE };
        let lost_before =
            Nudged::Unacknowledged { packets: PACKETS, retransmissions: 2, had_loss: true };
        assert!(!is_sure(&evidence(REPEATED, lossy)));
        assert!(!is_sure(&evidence(lost_before, ALIVE)));
        let often = Nudged::Unacknowledged { packets: PACKETS, retransmissions: 3, had_loss: true };
        assert!(is_sure(&evidence(often, lossy)));
    }

    #[test]
    fn two_resets_decide_nothing_and_three_do() {
        let reset = |resets, testimony| Evidence { resets, ..evidence(Nudged::Pending, testimony) };
        assert!(!is_sure(&reset(2, ALIVE)));
        assert!(is_sure(&reset(3, ALIVE)));
        let lossy = Testimony { had_loss: true, ..ALIVE };
        assert!(!is_sure(&reset(3, lossy)));
        assert!(is_sure(&reset(4, lossy)));
    }

    #[test]
    fn the_request_itself_must_be_repeated_more_often() {
        let request = |retransmissions| {
            let nudged = Nudged::Unacknowledged { packets: 0, retransmissions, had_loss: false };
            evidence(nudged, ALIVE)
        };
        assert!(!is_sure(&request(3)));
        assert!(is_sure(&request(4)));
        let lossy = Testimony { had_loss: true, ..ALIVE };
        assert!(!is_sure(&Evidence { testimony: lossy, ..request(4) }));
        assert!(is_sure(&Evidence { testimony: lossy, ..request(5) }));
    }

    #[test]
    fn a_blind_kernel_makes_it_likely_after_a_second() {
        let blind = |millis| Evidence {
            silent_for: Duration::from_millis(millis),
            ..evidence(Nudged::Unknown, ALIVE)
        };
        assert_eq!(blind(999).judge(), None);
        assert_eq!(blind(1000).judge(), Some(lost(Certainty::Likely)));
        let unmeasured = Testimony { hops: None, ..ALIVE };
        assert_eq!(Evidence { testimony: unmeasured, ..blind(1000) }.judge(), None);
    }
}
