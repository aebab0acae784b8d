//! What can be made to happen to an instance, and be taken back.
//!
//! What is asked for is a [`NewEvent`], whoever asks: a command, the settings file. It becomes part of
//! [`Events`], which is kept with the instance; the core shows each thing at its instant. Here all is
//! pure; [`target`] changes the stored events of an instance.

pub mod ssh_key;
pub mod target;

use crate::StoreError;
use imds_core::events::{
    Events, Maintenance, MaintenanceCode, Outcome, Rebalance, SpotAction, SpotInterruption,
    TargetState, Transition,
};
use serde::{Deserialize, Serialize};

use imds_identity::KeyError;

/// What the only spot interruption of an instance is called, and so on: there is one of each.
const SPOT: &str = "spot-interruption";
const REBALANCE: &str = "rebalance";
const LIFECYCLE: &str = "lifecycle-state";

/// How long before a spot instance is stopped or terminated its notice appears, in seconds. Source:
/// EC2 User Guide, "Spot Instance interruption notices".
const SPOT_NOTICE: u64 = 120;

/// How long maintenance lies ahead and takes where nobody says it, in seconds: a week, two hours.
const MAINTENANCE_AHEAD: u64 = 7 * 24 * 3600;
const MAINTENANCE_LASTS: u64 = 2 * 3600;

/// How long maintenance that is over is still shown, in seconds. Source: EC2 API
/// `InstanceStatusEvent`: up to a week.
const HISTORY: u64 = 7 * 24 * 3600;

/// How many maintenance events an instance can have.
const MAX_MAINTENANCE: usize = 100;

/// An event that somebody wants to happen.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NewEvent {
    /// What happens.
    pub kind: EventKind,
    /// When it takes place; `None`: at the time that is usual for the kind.
    pub when: Option<When>,
}

/// What happens.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum EventKind {
    /// EC2 takes a spot instance back: `spot/instance-action`, and `spot/termination-time`.
    SpotInterruption {
        /// What EC2 does with it.
        action: SpotAction,
    },
    /// A spot instance is at an elevated risk: `events/recommendations/rebalance`.
    Rebalance,
    /// Maintenance is scheduled: `events/maintenance/scheduled`.
    Maintenance {
        /// What is to be done.
        code: MaintenanceCode,
        /// How it is described; `None`: as EC2 does.
        description: Option<String>,
        /// How long it takes, in seconds; `None`: two hours.
        lasts: Option<u64>,
    },
    /// Auto Scaling moves the instance to another state: `autoscaling/target-lifecycle-state`.
    LifecycleState(TargetState),
}

/// A time, in seconds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum When {
    /// From now on.
    In(u64),
    /// Since 1970.
    At(u64),
}

/// An event as people look at it. Times are in seconds since 1970.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EventFacts {
    /// What it is taken back by.
    pub id: String,
    /// `spot-interruption`, `rebalance`, `maintenance` or `lifecycle-state`.
    pub kind: String,
    /// The action, code or state.
    pub what: String,
    /// How far it is.
    pub stage: Stage,
    /// When it takes place.
    pub time: u64,
    /// Since when it is shown.
    pub shown_from: u64,
}

/// How far an event is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Not shown yet.
    Pending,
    /// Shown.
    Active,
    /// Over: it took place.
    Completed,
    /// Over: it was canceled.
    Canceled,
}

/// Why an event is not added, ended or taken back.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// There is no such event.
    #[error("{instance} has no event {id}")]
    Unknown {
        /// The instance.
        instance: String,
        /// The event that it does not have.
        id: String,
    },
    /// Only maintenance has a history.
    #[error("{0} is not scheduled maintenance")]
    NotScheduled(String),
    /// Each is in every answer.
    #[error("an instance has at most {MAX_MAINTENANCE} maintenance events: cancel some first")]
    TooMany,
    /// There is no such instance, or it is gone.
    #[error("there is no instance {0} in {1} that is not terminated")]
    NoInstance(String, String),
    /// EC2 Instance Connect takes no such key.
    #[error("not a public key of RSA or ED25519 in OpenSSH format, in one line")]
    BadKey,
    /// Each lives for a minute.
    #[error("an instance has at most 100 keys at a time: wait a minute")]
    TooManyKeys,
    /// Nobody can sign it.
    #[error(transparent)]
    Signer(#[from] KeyError),
    /// The kernel gives no random bytes.
    #[error("the kernel gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// What is kept cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NewEvent {
    /// Adds it to `events`, and gives its id. `now` is in seconds since 1970; `number` tells one
    /// maintenance from another.
    pub fn add(&self, events: &mut Events, now: u64, number: u64) -> Result<String, EventError> {
        forget(events, now);
        let at = |usual: u64| match self.when {
            Some(When::In(seconds)) => now.saturating_add(seconds),
            Some(When::At(time)) => time,
            None => now.saturating_add(usual),
        };
        let id = match &self.kind {
            EventKind::SpotInterruption { action } => {
                // Hibernation begins with its notice.
                let notice = if *action == SpotAction::Hibernate { 0 } else { SPOT_NOTICE };
                let time = at(notice);
                let visible_from = time.saturating_sub(notice).max(now);
                events.spot = Some(SpotInterruption { action: *action, time, visible_from });
                SPOT.to_owned()
            }
            EventKind::Rebalance => {
                let notice_time = at(0);
                events.rebalance =
                    Some(Rebalance { notice_time, visible_from: notice_time.max(now) });
                REBALANCE.to_owned()
            }
            EventKind::Maintenance { code, description, lasts } => {
                if events.maintenance.len() >= MAX_MAINTENANCE {
                    return Err(EventError::TooMany);
                }
                let id = format!("instance-event-0{number:016x}");
                let not_before = at(MAINTENANCE_AHEAD);
                events.maintenance.push(Maintenance {
                    id: id.clone(),
                    code: *code,
                    description: description.clone().unwrap_or_else(|| usual_words(*code).into()),
                    not_before,
                    not_after: Some(not_before.saturating_add(lasts.unwrap_or(MAINTENANCE_LASTS))),
                    visible_from: now,
                    ended: None,
                });
                id
            }
            EventKind::LifecycleState(to) => {
                events.lifecycle.push(Transition { at: at(0), to: *to });
                // The core lets the later one in the list win where two begin together.
                events.lifecycle.sort_by_key(|transition| transition.at);
                LIFECYCLE.to_owned()
            }
        };
        Ok(id)
    }
}

/// Lets scheduled maintenance go over to the history at `now`.
pub fn end(events: &mut Events, id: &str, outcome: Outcome, now: u64) -> Result<(), EventError> {
    let scheduled = events.maintenance.iter_mut().find(|it| it.id == id && it.ended.is_none());
    let event = scheduled.ok_or_else(|| EventError::NotScheduled(id.to_owned()))?;
    event.ended = Some((outcome, now));
    Ok(())
}

/// Takes an event back, as if it had never been; says whether there was one.
pub fn take_back(events: &mut Events, id: &str) -> bool {
    match id {
        SPOT => events.spot.take().is_some(),
        REBALANCE => events.rebalance.take().is_some(),
        LIFECYCLE => !std::mem::take(&mut events.lifecycle).is_empty(),
        _ => {
            let before = events.maintenance.len();
            events.maintenance.retain(|event| event.id != id);
            events.maintenance.len() < before
        }
    }
}

/// What happens and happened, as it is at `now`.
pub fn list(events: &Events, now: u64) -> Vec<EventFacts> {
    let stage = |from: u64| if from <= now { Stage::Active } else { Stage::Pending };
    let one = |kind: &str, what: &str, time, shown_from| EventFacts {
        id: kind.to_owned(),
        kind: kind.to_owned(),
        what: what.to_owned(),
        stage: stage(shown_from),
        time,
        shown_from,
    };
    let spot = events.spot.iter();
    let spot = spot.map(|it| one(SPOT, it.action.as_str(), it.time, it.visible_from));
    let rebalance = events.rebalance.iter();
    let rebalance = rebalance.map(|it| one(REBALANCE, "", it.notice_time, it.visible_from));
    let maintenance = events.maintenance.iter().map(|it| EventFacts {
        id: it.id.clone(),
        stage: match it.ended {
            Some((Outcome::Completed, at)) if at <= now => Stage::Completed,
            Some((Outcome::Canceled, at)) if at <= now => Stage::Canceled,
            _ => stage(it.visible_from),
        },
        ..one("maintenance", it.code.as_str(), it.not_before, it.visible_from)
    });
    let lifecycle = events.lifecycle.iter().map(|it| one(LIFECYCLE, it.to.as_str(), it.at, it.at));
    spot.chain(rebalance).chain(maintenance).chain(lifecycle).collect()
}

/// Lets go of what shows no more.
fn forget(events: &mut Events, now: u64) {
    events.ssh_keys.retain(|key| now < key.dead_at());
    let is_shown = |at: u64| now < at.saturating_add(HISTORY);
    events.maintenance.retain(|event| event.ended.is_none_or(|(_, at)| is_shown(at)));
    let begun = events.lifecycle.partition_point(|transition| transition.at <= now);
    events.lifecycle.drain(..begun.saturating_sub(1));
}

/// How EC2 describes maintenance.
fn usual_words(code: MaintenanceCode) -> &'static str {
    match code {
        MaintenanceCode::InstanceReboot | MaintenanceCode::SystemReboot => "scheduled reboot",
        MaintenanceCode::InstanceRetirement => "The instance is running on degraded hardware",
        MaintenanceCode::InstanceStop => "scheduled stop",
        MaintenanceCode::SystemMaintenance => "scheduled maintenance",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn spot(action: SpotAction, when: Option<When>) -> SpotInterruption {
        let mut events = Events::default();
        let new = NewEvent { kind: EventKind::SpotInterruption { action }, when };
        assert_eq!(new.add(&mut events, NOW, 0).unwrap(), "spot-interruption");
        events.spot.unwrap()
    }

    #[test]
    fn a_spot_notice_comes_two_minutes_before_or_at_once() {
        for (action, when, time, visible_from) in [
            (SpotAction::Terminate, None, NOW + 120, NOW),
            (SpotAction::Stop, Some(When::In(600)), NOW + 600, NOW + 480),
            (SpotAction::Stop, Some(When::At(NOW + 30)), NOW + 30, NOW),
            (SpotAction::Hibernate, None, NOW, NOW),
            (SpotAction::Hibernate, Some(When::In(60)), NOW + 60, NOW + 60),
            (SpotAction::Terminate, Some(When::In(u64::MAX)), u64::MAX, u64::MAX - 120),
        ] {
            let expected = SpotInterruption { action, time, visible_from };
            assert_eq!(spot(action, when), expected, "{when:?}");
        }
    }

    fn maintenance(events: &mut Events, number: u64) -> String {
        let kind = EventKind::Maintenance {
            code: MaintenanceCode::SystemReboot,
            description: None,
            lasts: None,
        };
        NewEvent { kind, when: None }.add(events, NOW, number).unwrap()
    }

    #[test]
    fn maintenance_ends_once_and_is_forgotten_after_a_week() {
        let mut events = Events::default();
        let [first, second] = [1, 2].map(|number| maintenance(&mut events, number));
        assert_eq!(first, "instance-event-00000000000000001");
        end(&mut events, &first, Outcome::Canceled, NOW + 5).unwrap();
        let again = end(&mut events, &first, Outcome::Completed, NOW + 6);
        assert!(matches!(again, Err(EventError::NotScheduled(id)) if id == first));
        let stages: Vec<_> = list(&events, NOW + 5).iter().map(|it| it.stage).collect();
        assert_eq!(stages, [Stage::Canceled, Stage::Active]);
        let left = |now| {
            let mut events = events.clone();
            forget(&mut events, now);
            events.maintenance.len()
        };
        assert_eq!((left(NOW + 5 + HISTORY - 1), left(NOW + 5 + HISTORY)), (2, 1));
        assert!(take_back(&mut events, &second) && !take_back(&mut events, &second));
    }

    #[test]
    fn there_is_an_end_to_maintenance() {
        let mut events = Events::default();
        for number in 0..100 {
            maintenance(&mut events, number);
        }
        let kind = EventKind::Maintenance {
            code: MaintenanceCode::InstanceStop,
            description: None,
            lasts: None,
        };
        let refused = NewEvent { kind, when: None }.add(&mut events, NOW, 100);
        assert!(matches!(refused, Err(EventError::TooMany)));
    }

    #[test]
    fn lifecycle_states_follow_each_other_and_only_the_newest_past_one_is_kept() {
        let mut events = Events::default();
        let mut to = |state, when, now| {
            let new = NewEvent { kind: EventKind::LifecycleState(state), when };
            new.add(&mut events, now, 0).unwrap();
            events.lifecycle.clone()
        };
        to(TargetState::Terminated, Some(When::In(60)), NOW);
        to(TargetState::InService, None, NOW);
        let kept = to(TargetState::Standby, None, NOW + 10);
        let states: Vec<_> = kept.iter().map(|it| (it.at - NOW, it.to)).collect();
        assert_eq!(
            states,
            [
                (0, TargetState::InService),
                (10, TargetState::Standby),
                (60, TargetState::Terminated)
            ]
        );
        assert_eq!(to(TargetState::Detached, None, NOW + 90).len(), 2);
        assert!(take_back(&mut events, "lifecycle-state"));
        assert_eq!(events, Events::default());
    }

    #[test]
    fn each_kind_is_listed_and_taken_back_by_its_id() {
        let mut events = Events::default();
        for kind in [
            EventKind::SpotInterruption { action: SpotAction::Stop },
            EventKind::Rebalance,
            EventKind::LifecycleState(TargetState::Standby),
        ] {
            NewEvent { kind, when: Some(When::In(300)) }.add(&mut events, NOW, 0).unwrap();
        }
        maintenance(&mut events, 1);
        let listed = list(&events, NOW);
        let stages: Vec<_> = listed.iter().map(|it| (it.kind.as_str(), it.stage)).collect();
        let expected = [
            ("spot-interruption", Stage::Pending),
            ("rebalance", Stage::Pending),
            ("maintenance", Stage::Active),
            ("lifecycle-state", Stage::Pending),
        ];
        assert_eq!(stages, expected);
        assert!(listed.iter().all(|it| take_back(&mut events, &it.id)));
        assert_eq!(events, Events::default());
    }
}
