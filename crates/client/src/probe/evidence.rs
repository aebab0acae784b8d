//! The verdict, as a function of the evidence.

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
/// Where the kernel does not say how connections fare: how long silence has to last while other
/// requests are answered.
const UNKNOWN_AFTER: Duration = Duration::from_secs(1);

/// All that is known while a response with a token is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    /// Since the first request for it.
    pub(super) silent_for: Duration,
    /// Connections that were reset by a nudge, without an answer and without an acknowledgement.
    pub(super) resets: u8,
    /// Connections that ended without an answer after a nudge that was acknowledged, as a relay does.
    /// Where the service itself resets, a few look like this.
    pub(super) relayed_ends: u8,
    /// How the nudge on the current connection fares.
    pub(super) nudge: NudgeState,
    pub(super) liveness: Liveness,
}

/// How a nudge fared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NudgeState {
    /// The kernel does not say how connections fare.
    Unknown,
    /// Not sent, or too recent to say.
    Pending,
    /// It arrived, and so do the service's packets: it has not responded yet.
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

/// What other connections to the service show meanwhile.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Liveness {
    /// The status of another request's response.
    pub(super) status: Option<u16>,
    /// Whether packets were lost on the way.
    pub(super) had_loss: bool,
    /// The routers that connections show, on the longer way of the two; once they are measured.
    pub(super) routers: Option<u8>,
}

/// The token is lost to the hop limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) certainty: Certainty,
    /// The routers that connections show, 0 where a relay hides them.
    pub(super) routers: u8,
    /// The status of another request's response.
    pub(super) other_status: u16,
}

impl Evidence {
    /// Whether the token is lost to the hop limit. `None`: this is not known, or not so.
    ///
    /// There is no verdict before the number of routers is measured: a link on which nothing can be
    /// measured stands still, so that silence on it means nothing. Without a router on the path every
    /// limit lets the token arrive, unless a relay accepts the connections and hides what is beyond it:
    /// it takes the nudge, and ends the connection once its own, to the service, is reset.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let other_status = self.liveness.status?;
        let routers = self.liveness.routers?;
        let lost = |certainty| Verdict { certainty, routers, other_status };
        let lossy = self.liveness.had_loss;
        let least_resets = if lossy { RESETS_DESPITE_LOSS } else { RESETS };
        let swallowed = match self.nudge {
            NudgeState::Acknowledged | NudgeState::Pending | NudgeState::Unknown => false,
            NudgeState::Unacknowledged { packets: 0, retransmissions, .. } => {
                let repeats = if lossy {
                    REPEATS_OF_THE_REQUEST_DESPITE_LOSS
                } else {
                    REPEATS_OF_THE_REQUEST
                };
                retransmissions >= repeats
            }
            NudgeState::Unacknowledged { packets, retransmissions, had_loss } => {
                let lossy = lossy || had_loss;
                let repeats = if lossy { REPEATS_DESPITE_LOSS } else { REPEATS };
                packets >= PACKETS && retransmissions >= repeats
            }
        };
        if routers > 0 && (swallowed || self.resets >= least_resets) {
            return Some(lost(Certainty::Sure));
        }
        // Of the two kinds that a relay makes: some, such as slirp4netns, reset too. A service behind a
        // router resets by itself, which alone is told above.
        let ends = if routers == 0 { self.resets + self.relayed_ends } else { self.relayed_ends };
        if ends >= least_resets {
            return Some(lost(Certainty::Likely));
        }
        let is_unknown = routers > 0
            && self.nudge == NudgeState::Unknown
            && self.resets + self.relayed_ends == 0;
        (is_unknown && self.silent_for >= UNKNOWN_AFTER).then(|| lost(Certainty::Likely))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIVE: Liveness = Liveness { status: Some(401), had_loss: false, routers: Some(1) };
    const REPEATED: NudgeState =
        NudgeState::Unacknowledged { packets: PACKETS, retransmissions: 1, had_loss: false };

    fn evidence(nudge: NudgeState, liveness: Liveness) -> Evidence {
        let silent_for = Duration::from_millis(200);
        Evidence { silent_for, resets: 0, relayed_ends: 0, nudge, liveness }
    }

    fn lost(certainty: Certainty) -> Verdict {
        Verdict { certainty, routers: 1, other_status: 401 }
    }

    fn is_sure(evidence: &Evidence) -> bool {
        evidence.verdict() == Some(lost(Certainty::Sure))
    }

    #[test]
    fn an_unacknowledged_nudge_decides_once_it_was_sent_again() {
        let once =
            NudgeState::Unacknowledged { packets: PACKETS, retransmissions: 0, had_loss: false };
        assert!(!is_sure(&evidence(once, ALIVE)));
        let few = NudgeState::Unacknowledged {
            packets: PACKETS - 1,
            retransmissions: 1,
            had_loss: false,
        };
        assert!(!is_sure(&evidence(few, ALIVE)));
        assert!(is_sure(&evidence(REPEATED, ALIVE)));
    }

    #[test]
    fn nothing_is_decided_while_no_other_request_is_answered() {
        let silent = Liveness { status: None, ..ALIVE };
        assert_eq!(evidence(REPEATED, silent).verdict(), None);
        let unmeasured = Liveness { routers: None, ..ALIVE };
        assert_eq!(evidence(REPEATED, unmeasured).verdict(), None);
        let ended = Evidence { resets: 9, relayed_ends: 9, ..evidence(REPEATED, unmeasured) };
        assert_eq!(ended.verdict(), None);
    }

    #[test]
    fn a_direct_neighbour_never_loses_a_token_but_a_relay_does() {
        let near = Liveness { routers: Some(0), ..ALIVE };
        assert_eq!(evidence(REPEATED, near).verdict(), None);
        let ended = |relayed_ends, liveness| Evidence {
            relayed_ends,
            ..evidence(NudgeState::Pending, liveness)
        };
        assert_eq!(ended(2, near).verdict(), None);
        let verdict = ended(3, near).verdict().unwrap();
        assert_eq!((verdict.certainty, verdict.routers), (Certainty::Likely, 0));
        // Some relays reset their clients as the service resets them.
        for (resets, relayed_ends) in [(3, 0), (2, 1), (1, 2)] {
            let reset = Evidence { resets, ..ended(relayed_ends, near) };
            let verdict = reset.verdict().unwrap();
            assert_eq!((verdict.certainty, verdict.routers), (Certainty::Likely, 0));
        }
        assert_eq!(Evidence { resets: 1, ..ended(1, near) }.verdict(), None);
        let lossy = Liveness { had_loss: true, ..near };
        assert_eq!(ended(3, lossy).verdict(), None);
        assert!(ended(4, lossy).verdict().is_some());
        // Resets by the service decide, with ends that only look relayed among them.
        let mixed = |resets| Evidence { resets, ..ended(2, ALIVE) };
        assert_eq!(mixed(2).verdict(), None);
        assert_eq!(mixed(3).verdict(), Some(lost(Certainty::Sure)));
        // A relay may be behind a router.
        assert_eq!(ended(3, ALIVE).verdict(), Some(lost(Certainty::Likely)));
    }

    #[test]
    fn an_acknowledged_nudge_means_slowness_however_long_it_takes() {
        let slow = Evidence {
            silent_for: Duration::from_secs(60),
            ..evidence(NudgeState::Acknowledged, ALIVE)
        };
        assert_eq!(slow.verdict(), None);
    }

    #[test]
    fn on_a_lossy_link_more_packets_must_be_lost() {
        let lossy = Liveness { had_loss: true, ..ALIVE };
        let lost_before =
            NudgeState::Unacknowledged { packets: PACKETS, retransmissions: 2, had_loss: true };
        assert!(!is_sure(&evidence(REPEATED, lossy)));
        assert!(!is_sure(&evidence(lost_before, ALIVE)));
        let often =
            NudgeState::Unacknowledged { packets: PACKETS, retransmissions: 3, had_loss: true };
        assert!(is_sure(&evidence(often, lossy)));
    }

    #[test]
    fn two_resets_decide_nothing_and_three_do() {
        let reset =
            |resets, liveness| Evidence { resets, ..evidence(NudgeState::Pending, liveness) };
        assert!(!is_sure(&reset(2, ALIVE)));
        assert!(is_sure(&reset(3, ALIVE)));
        let lossy = Liveness { had_loss: true, ..ALIVE };
        assert!(!is_sure(&reset(3, lossy)));
        assert!(is_sure(&reset(4, lossy)));
    }

    #[test]
    fn the_request_itself_must_be_repeated_more_often() {
        let request = |retransmissions| {
            let nudge = NudgeState::Unacknowledged { packets: 0, retransmissions, had_loss: false };
            evidence(nudge, ALIVE)
        };
        assert!(!is_sure(&request(3)));
        assert!(is_sure(&request(4)));
        let lossy = Liveness { had_loss: true, ..ALIVE };
        assert!(!is_sure(&Evidence { liveness: lossy, ..request(4) }));
        assert!(is_sure(&Evidence { liveness: lossy, ..request(5) }));
    }

    #[test]
    fn without_a_kernel_that_tells_it_is_likely_after_a_second() {
        let unknown = |millis| Evidence {
            silent_for: Duration::from_millis(millis),
            ..evidence(NudgeState::Unknown, ALIVE)
        };
        assert_eq!(unknown(999).verdict(), None);
        assert_eq!(unknown(1000).verdict(), Some(lost(Certainty::Likely)));
        let unmeasured = Liveness { routers: None, ..ALIVE };
        assert_eq!(Evidence { liveness: unmeasured, ..unknown(1000) }.verdict(), None);
    }
}
