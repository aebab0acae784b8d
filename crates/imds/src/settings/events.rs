//! `[[event]]` in the settings file.

use std::time::Duration;

use imds_core::InstanceId;
use imds_core::events::{MaintenanceCode, SpotAction, TargetState};
use serde::Deserialize;

use super::deserialize::{duration_from_text, from_text};
use super::time::time;
use imds_account::events::{EventKind, NewEvent, When};
use imds_host::{Begin, Scheduled};

/// One table, with the keys of all kinds: which belong together is checked as it becomes a
/// [`Scheduled`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    kind: Kind,
    #[serde(default, deserialize_with = "duration_from_text")]
    after: Option<Duration>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default, deserialize_with = "duration_from_text")]
    every: Option<Duration>,
    #[serde(default, deserialize_with = "from_text")]
    instance: Option<InstanceId>,
    #[serde(default, deserialize_with = "duration_from_text")]
    r#in: Option<Duration>,
    #[serde(default, deserialize_with = "from_text")]
    action: Option<SpotAction>,
    #[serde(default, deserialize_with = "from_text")]
    code: Option<MaintenanceCode>,
    description: Option<String>,
    #[serde(default, deserialize_with = "duration_from_text")]
    lasts: Option<Duration>,
    #[serde(default, deserialize_with = "from_text")]
    state: Option<TargetState>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    SpotInterruption,
    Rebalance,
    Maintenance,
    LifecycleState,
}

/// A table as the event that it describes; the error says which keys do not belong together.
#[derive(Debug)]
struct EventSetting(Scheduled);

impl TryFrom<Table> for EventSetting {
    type Error = String;

    fn try_from(setting: Table) -> Result<Self, String> {
        setting.check_keys()?;
        let begins = match (setting.after, &setting.at, setting.every) {
            (Some(after), None, _) => Begin::After(after),
            (None, Some(at), _) => Begin::At(time(at)?.saturating_mul(1000)),
            (None, None, Some(every)) => Begin::After(every),
            (Some(_), Some(_), _) => return Err("an event has after or at, not both".to_owned()),
            (None, None, None) => {
                return Err("an event says when it happens: after, at or every".to_owned());
            }
        };
        if setting.every.is_some_and(|every| every < Duration::from_secs(1)) {
            return Err("an event happens at most every second: every = \"1s\"".to_owned());
        }
        let kind = match setting.kind {
            Kind::SpotInterruption => EventKind::SpotInterruption {
                action: setting.action.unwrap_or(SpotAction::Terminate),
            },
            Kind::Rebalance => EventKind::Rebalance,
            Kind::Maintenance => EventKind::Maintenance {
                code: setting.code.unwrap_or(MaintenanceCode::SystemReboot),
                description: setting.description,
                lasts: setting.lasts.map(|lasts| lasts.as_secs()),
            },
            Kind::LifecycleState => EventKind::LifecycleState(
                setting.state.ok_or("an event of kind lifecycle-state has a state")?,
            ),
        };
        let when = setting.r#in.map(|ahead| When::In(ahead.as_secs()));
        let event = NewEvent { kind, when };
        Ok(Self(Scheduled { begins, every: setting.every, instance: setting.instance, event }))
    }
}

impl Table {
    /// Refuses keys of other kinds.
    fn check_keys(&self) -> Result<(), String> {
        let (kind, own): (_, &[&str]) = match self.kind {
            Kind::SpotInterruption => ("spot-interruption", &["action"]),
            Kind::Rebalance => ("rebalance", &[]),
            Kind::Maintenance => ("maintenance", &["code", "description", "lasts"]),
            Kind::LifecycleState => ("lifecycle-state", &["state"]),
        };
        let keys = [
            ("action", self.action.is_some()),
            ("code", self.code.is_some()),
            ("description", self.description.is_some()),
            ("lasts", self.lasts.is_some()),
            ("state", self.state.is_some()),
        ];
        match keys.iter().find(|(key, is_set)| *is_set && !own.contains(key)) {
            Some((key, _)) => Err(format!("an event of kind {kind} has no {key}")),
            None => Ok(()),
        }
    }
}

/// All tables of a settings file.
pub(crate) fn scheduled<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Scheduled>, D::Error> {
    // Each by itself, so that an error names the place of its table.
    let tables = Vec::<EventSetting>::deserialize(deserializer)?;
    Ok(tables.into_iter().map(|setting| setting.0).collect())
}

impl<'de> Deserialize<'de> for EventSetting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Table::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Scheduled, String> {
        let parsed = toml::from_str::<EventSetting>(text);
        parsed.map(|setting| setting.0).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn an_event_is_set_by_its_kind_and_its_time() {
        let spot = parse("kind = 'spot-interruption'\nafter = '30s'\naction = 'stop'\nin = '5m'");
        let spot = spot.unwrap();
        assert_eq!(spot.begins, Begin::After(Duration::from_secs(30)));
        let kind = EventKind::SpotInterruption { action: SpotAction::Stop };
        assert_eq!(spot.event, NewEvent { kind, when: Some(When::In(300)) });

        let at = parse("kind = 'rebalance'\nat = '2027-01-15T08:00:00Z'\nevery = '1h'").unwrap();
        assert_eq!(at.begins, Begin::At(1_800_000_000_000));
        assert_eq!(at.every, Some(Duration::from_secs(3600)));

        let every = parse("kind = 'lifecycle-state'\nstate = 'Standby'\nevery = '5m'").unwrap();
        assert_eq!(every.begins, Begin::After(Duration::from_secs(300)));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("kind = 'rebalance'", "after, at or every"),
            ("kind = 'rebalance'\nafter = '1s'\nat = '2030-01-01T00:00:00Z'", "not both"),
            ("kind = 'rebalance'\nat = 'noon'", "\"noon\" is not a time such as"),
            ("kind = 'rebalance'\nevery = '10ms'", "at most every second"),
            ("kind = 'rebalance'\nafter = '1s'\naction = 'stop'", "rebalance has no action"),
            ("kind = 'lifecycle-state'\nafter = '1s'", "has a state"),
            ("kind = 'spot-interruption'\nafter = '1s'\naction = 'reboot'", "hibernate, stop or"),
            ("kind = 'eclipse'\nafter = '1s'", "unknown variant `eclipse`"),
            ("kind = 'rebalance'\nafter = '1s'\nwhen = 'now'", "unknown field `when`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
