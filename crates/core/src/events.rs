//! What happens to an instance, as data: the metadata shows each thing from its instant on.
//!
//! All times are in seconds since 1970. Nothing here has to be taken back: an instance that is
//! rendered anew with other events shows those.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::Invalid;

/// Everything that happens to one instance.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Events {
    /// The end of a spot instance.
    pub spot: Option<SpotInterruption>,
    /// The advice to leave a spot instance.
    pub rebalance: Option<Rebalance>,
    /// Scheduled maintenance, that of the past too.
    pub maintenance: Vec<Maintenance>,
    /// The states that its Auto Scaling group wants it in, in order of time; none outside a group.
    pub lifecycle: Vec<Transition>,
    /// Keys that EC2 Instance Connect was sent, those that are dead too.
    pub ssh_keys: Vec<SshKey>,
}

/// EC2 takes a spot instance back. Source: User Guide, "Spot Instance interruption notices".
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SpotInterruption {
    /// What will be done to it.
    pub action: SpotAction,
    /// About when it will be done; two minutes after the notice, but for hibernation.
    pub time: u64,
    /// When the notice appears.
    pub visible_from: u64,
}

/// What is done to a spot instance that EC2 takes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpotAction {
    /// It is hibernated.
    Hibernate,
    /// It is stopped.
    Stop,
    /// It is terminated.
    Terminate,
}

/// A rebalance recommendation: the instance may soon be interrupted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rebalance {
    /// When it was emitted.
    pub notice_time: u64,
    /// When it appears.
    pub visible_from: u64,
}

/// A scheduled event. Source: User Guide, "Scheduled events for your instances".
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Maintenance {
    /// `instance-event-…`
    pub id: String,
    /// What will be done.
    pub code: MaintenanceCode,
    /// In words: `scheduled reboot`.
    pub description: String,
    /// When it begins at the earliest.
    pub not_before: u64,
    /// When it ends at the latest.
    pub not_after: Option<u64>,
    /// When it appears among what is scheduled.
    pub visible_from: u64,
    /// How and when it went over to the history.
    pub ended: Option<(Outcome, u64)>,
}

/// What maintenance does to an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MaintenanceCode {
    /// It is rebooted.
    InstanceReboot,
    /// It is stopped or terminated.
    InstanceRetirement,
    /// It is stopped, and started elsewhere.
    InstanceStop,
    /// Its network or power is worked on.
    SystemMaintenance,
    /// The machine below it is rebooted.
    SystemReboot,
}

/// How maintenance ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Outcome {
    /// It took place.
    Completed,
    /// It was called off.
    Canceled,
}

/// From an instant on, the Auto Scaling group wants the instance in another state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Transition {
    /// Since when.
    pub at: u64,
    /// The state.
    pub to: TargetState,
}

/// A state that an Auto Scaling group can want: `autoscaling/target-lifecycle-state`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the words are Auto Scaling's own")]
pub enum TargetState {
    Detached,
    InService,
    Standby,
    Terminated,
    WarmedHibernated,
    WarmedRunning,
    WarmedStopped,
    WarmedTerminated,
}

/// A key that EC2 Instance Connect was sent (`SendSSHPublicKey`).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SshKey {
    /// The user that the key is for.
    pub user: OsUser,
    /// When; it lives for [`SshKey::LIFE`].
    pub sent_at: u64,
    /// Its block as `sshd`'s helper on the instance reads it: lines that begin with `#`, the key,
    /// and the signature of all that in base64.
    pub block: String,
}

/// The name of a user of the operating system: 1 to 31 letters, digits and `._-`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OsUser(Box<str>);

impl Events {
    /// Every instant at which anything changes.
    pub(crate) fn instants(&self) -> impl Iterator<Item = u64> {
        let spot = self.spot.iter().map(|spot| spot.visible_from);
        let rebalance = self.rebalance.iter().map(|rebalance| rebalance.visible_from);
        let maintenance = self.maintenance.iter().flat_map(|event| {
            [Some(event.visible_from), event.ended.map(|(_, at)| at)].into_iter().flatten()
        });
        let lifecycle = self.lifecycle.iter().map(|transition| transition.at);
        let keys = self.ssh_keys.iter().flat_map(|key| [key.sent_at, key.dead_at()]);
        spot.chain(rebalance).chain(maintenance).chain(lifecycle).chain(keys)
    }

    /// The state that the Auto Scaling group wants the instance in at a time.
    pub fn target_state(&self, now: u64) -> Option<TargetState> {
        let begun = self.lifecycle.iter().filter(|transition| transition.at <= now);
        // Of two that begin together the later one in the list counts.
        begun.max_by_key(|transition| transition.at).map(|transition| transition.to)
    }
}

impl SshKey {
    /// How long a key lives, in seconds.
    pub const LIFE: u64 = 60;

    /// Whether the key is served at a time.
    pub fn is_alive(&self, now: u64) -> bool {
        (self.sent_at..self.dead_at()).contains(&now)
    }

    /// When it is dead, in seconds since 1970.
    pub fn dead_at(&self) -> u64 {
        self.sent_at.saturating_add(Self::LIFE)
    }
}

impl Maintenance {
    /// The description at a time: what is over says how it ended. Source: EC2 API
    /// `InstanceStatusEvent`.
    pub fn description_at(&self, now: u64) -> String {
        let mark = match self.ended {
            Some((Outcome::Canceled, at)) if at <= now => "[Canceled] ",
            Some((Outcome::Completed, at)) if at <= now => "[Completed] ",
            _ => "",
        };
        format!("{mark}{}", self.description)
    }

    /// Whether it is scheduled at a time.
    pub fn is_scheduled(&self, now: u64) -> bool {
        self.visible_from <= now && !self.is_history(now)
    }

    /// Whether it is over at a time.
    pub fn is_history(&self, now: u64) -> bool {
        self.ended.is_some_and(|(_, at)| at <= now)
    }
}

impl OsUser {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OsUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OsUser {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=31).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new("OS user", text, "it has 1 to 31 letters, digits and ._-"))
        }
    }
}

/// Gives the words of an enumeration, and reads them.
macro_rules! words {
    ($name:ident, $what:literal, $rule:literal: $($variant:ident = $word:literal),+) => {
        impl $name {
            /// All of them, in the order of their words.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as the metadata and the AWS APIs have it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(Invalid::new($what, text, $rule)),
                }
            }
        }
    };
}

words!(SpotAction, "spot action", "it is hibernate, stop or terminate":
    Hibernate = "hibernate", Stop = "stop", Terminate = "terminate");

words!(MaintenanceCode, "event code",
    "it is instance-reboot, instance-retirement, instance-stop, system-maintenance or system-reboot":
    InstanceReboot = "instance-reboot",
    InstanceRetirement = "instance-retirement",
    InstanceStop = "instance-stop",
    SystemMaintenance = "system-maintenance",
    SystemReboot = "system-reboot");

words!(TargetState, "target lifecycle state",
    "it is Detached, InService, Standby, Terminated, or Warmed: and Hibernated, Running, Stopped \
     or Terminated":
    Detached = "Detached",
    InService = "InService",
    Standby = "Standby",
    Terminated = "Terminated",
    WarmedHibernated = "Warmed:Hibernated",
    WarmedRunning = "Warmed:Running",
    WarmedStopped = "Warmed:Stopped",
    WarmedTerminated = "Warmed:Terminated");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        assert_eq!("Warmed:Stopped".parse(), Ok(TargetState::WarmedStopped));
        assert_eq!(SpotAction::Hibernate.as_str().parse(), Ok(SpotAction::Hibernate));
        let error = "reboot".parse::<MaintenanceCode>().unwrap_err().to_string();
        assert!(error.contains("instance-reboot"), "{error}");
        for bad in ["", "a/b", "a\nb", &"x".repeat(32)] {
            assert!(bad.parse::<OsUser>().is_err(), "{bad:?}");
        }
    }
}
