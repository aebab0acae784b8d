//! Simulated events of an instance: the list, and what adds, ends or removes one, as `imds event` does.

use imds_account::clock::unix_ms;
use imds_account::events::{EventFacts, EventKind, NewEvent, Stage, When};
use imds_control::{AdminAnswer, AdminRequest, Control, EventRequest};
use imds_core::InstanceId;
use imds_core::events::{MaintenanceCode, Outcome, SpotAction};
use imds_core::placement::Region;
use imds_core::time::iso8601;
use serde::{Deserialize, Serialize};

use crate::error::Refused;

pub(crate) const SPOT_INTERRUPTION: &str = "spot-interruption";
pub(crate) const REBALANCE: &str = "rebalance";
pub(crate) const MAINTENANCE: &str = "maintenance";
pub(crate) const LIFECYCLE_STATE: &str = "lifecycle-state";

/// An event, as the console shows it.
#[derive(Debug, Serialize)]
pub(crate) struct ListedEvent {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// The action, code or state.
    pub(crate) what: String,
    pub(crate) stage: Stage,
    pub(crate) time: String,
    pub(crate) shown_from: String,
}

/// An event that is to happen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedEvent {
    pub(crate) kind: String,
    /// The action, code or state.
    pub(crate) what: Option<String>,
    /// In how many seconds; as soon as on EC2 if it is not stated.
    pub(crate) in_seconds: Option<u32>,
    /// Of maintenance: how it is described.
    pub(crate) description: Option<String>,
    /// Of maintenance: how many seconds it takes.
    pub(crate) lasts_seconds: Option<u32>,
}

impl From<EventFacts> for ListedEvent {
    fn from(event: EventFacts) -> Self {
        let EventFacts { id, kind, what, stage, time, shown_from } = event;
        Self { id, kind, what, stage, time: iso8601(time), shown_from: iso8601(shown_from) }
    }
}

impl WantedEvent {
    fn read(&self) -> Result<NewEvent, Refused> {
        let Self { kind, what, in_seconds, description, lasts_seconds } = self;
        if kind != MAINTENANCE && (description.is_some() || lasts_seconds.is_some()) {
            let message = "only maintenance has description and lasts_seconds";
            return Err(Refused::bad_request(message));
        }
        let kind = match (&**kind, what) {
            (SPOT_INTERRUPTION, what) => EventKind::SpotInterruption {
                action: word(what.as_ref())?.unwrap_or(SpotAction::Terminate),
            },
            (REBALANCE, None) => EventKind::Rebalance,
            (REBALANCE, Some(_)) => {
                return Err(Refused::bad_request("a rebalance recommendation has no what"));
            }
            (MAINTENANCE, what) => EventKind::Maintenance {
                code: word(what.as_ref())?.unwrap_or(MaintenanceCode::SystemReboot),
                description: description.clone(),
                lasts: lasts_seconds.map(u64::from),
            },
            (LIFECYCLE_STATE, what) => {
                let missing =
                    || Refused::bad_request("lifecycle-state needs a what, such as Terminated");
                EventKind::LifecycleState(word(what.as_ref())?.ok_or_else(missing)?)
            }
            (other, _) => {
                return Err(Refused::bad_request(format!(
                    "{other:?} is not a kind of event: write {SPOT_INTERRUPTION}, {REBALANCE}, \
                     {MAINTENANCE} or {LIFECYCLE_STATE}"
                )));
            }
        };
        Ok(NewEvent { kind, when: in_seconds.map(|seconds| When::In(seconds.into())) })
    }
}

fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
    word: Option<&String>,
) -> Result<Option<T>, Refused> {
    let word = word.map(|word| word.parse());
    word.transpose().map_err(|error: T::Err| Refused::bad_request(error.to_string()))
}

/// How maintenance ends: `completed` or `canceled`.
pub(crate) fn outcome(word: &str) -> Result<Outcome, Refused> {
    match word {
        "completed" => Ok(Outcome::Completed),
        "canceled" => Ok(Outcome::Canceled),
        other => {
            let rule = "maintenance ends completed or canceled";
            Err(Refused::bad_request(format!("{rule}, not {other:?}")))
        }
    }
}

/// All events of an instance.
pub(crate) fn list(
    control: &Control,
    region: &Region,
    id: &str,
) -> Result<Vec<ListedEvent>, Refused> {
    ask(control, region, id, EventRequest::List)
}

/// Has an event happen; gives it back.
pub(crate) fn add(
    control: &Control,
    region: &Region,
    id: &str,
    event: &WantedEvent,
) -> Result<ListedEvent, Refused> {
    let added = ask(control, region, id, EventRequest::Add(event.read()?))?;
    added.into_iter().next().ok_or_else(|| Refused::new(500, "InternalError", "no event"))
}

/// Has scheduled maintenance go over to the history.
pub(crate) fn end(
    control: &Control,
    region: &Region,
    id: &str,
    event: &str,
    outcome: Outcome,
) -> Result<(), Refused> {
    ask(control, region, id, EventRequest::End { id: event.to_owned(), outcome }).map(drop)
}

/// Removes an event, as if it had never been added.
pub(crate) fn remove(
    control: &Control,
    region: &Region,
    id: &str,
    event: &str,
) -> Result<(), Refused> {
    ask(control, region, id, EventRequest::TakeBack { id: event.to_owned() }).map(drop)
}

fn ask(
    control: &Control,
    region: &Region,
    id: &str,
    request: EventRequest,
) -> Result<Vec<ListedEvent>, Refused> {
    let instance: InstanceId =
        id.parse().map_err(|_| Refused::from(imds_ec2::Fault::instance_id_malformed(id)))?;
    let changes = !matches!(request, EventRequest::List);
    let request = AdminRequest::Event { instance: Some(instance), request };
    let answer = control.administer_locally(region, &request, unix_ms() / 1000)?;
    if changes {
        tracing::info!(instance = id, %region, "events changed in the console");
    }
    Ok(match answer {
        AdminAnswer::Events(events) => events.into_iter().map(ListedEvent::from).collect(),
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<NewEvent, Refused> {
        let wanted: WantedEvent = serde_json::from_str(text).unwrap();
        wanted.read()
    }

    #[test]
    fn each_kind_has_its_own_words() {
        let spot = read(r#"{"kind": "spot-interruption"}"#).unwrap();
        assert_eq!(spot.kind, EventKind::SpotInterruption { action: SpotAction::Terminate });
        assert_eq!(spot.when, None);
        let state =
            read(r#"{"kind": "lifecycle-state", "what": "Warmed:Running", "in_seconds": 5}"#);
        assert_eq!(state.unwrap().when, Some(When::In(5)));
        for (text, words) in [
            (r#"{"kind": "reboot"}"#, "is not a kind of event"),
            (r#"{"kind": "lifecycle-state"}"#, "needs a what"),
            (r#"{"kind": "rebalance", "what": "x"}"#, "has no what"),
            (r#"{"kind": "maintenance", "what": "stop"}"#, "it is instance-reboot"),
            (r#"{"kind": "rebalance", "lasts_seconds": 1}"#, "only maintenance"),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.status, 400);
            assert!(refused.message.contains(words), "{text}: {}", refused.message);
        }
        assert_eq!(outcome("canceled").unwrap(), Outcome::Canceled);
        assert_eq!(outcome("").unwrap_err().status, 400);
    }
}
