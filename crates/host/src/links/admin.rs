//! Links as this program's commands add, list and remove them.

use std::sync::Arc;

use imds_account::link::{self, LinkRecordError};
use imds_account::{StoreError, in_parts, keys, placement};
use imds_control::{AdminRefusal, LinkFacts, LinkName, LinkState, Links};
use imds_core::InstanceId;
use imds_dataplane::{CounterSnapshot, LinkCounts};
use imds_links::{LinkError, Place};

use super::Shared;
use super::spec::LinkSpec;
use super::states::{Progress, Shown};

/// How often a record is written that others keep getting in the way of.
const ATTEMPTS: usize = 64;

/// The links of a host, for the API.
pub(crate) struct LinkAdmin(pub(crate) Arc<Shared>);

impl Links for LinkAdmin {
    fn can_add(&self) -> Result<(), AdminRefusal> {
        Ok(())
    }

    fn add(
        &self,
        place: &str,
        instance: Option<&InstanceId>,
        now: u64,
    ) -> Result<LinkFacts, AdminRefusal> {
        let place: Place = place.parse().map_err(|error| refused(400, &error))?;
        match instance {
            Some(id) => self.check(id)?,
            None => self.check_any()?,
        }
        let known = self.find(&LinkName::Place(place.to_string()));
        if let Some(number) = known {
            let place = place.to_string();
            return Err(refused(409, &LinkRecordError::Duplicate { place, number }));
        }
        // A process has its number for once only, so its link does not outlive the service.
        let number = match place {
            Place::Pid(_) => link::reserve(&self.0.store).map_err(internal)?,
            _ => self.record(&place, instance, now)?,
        };
        let spec = LinkSpec { place, instance: instance.cloned() };
        if let Err(error) = self.0.attach(number, &spec) {
            self.forget(number)?;
            let AdminRefusal { status, message } = refused(status(&error), &error);
            let hint = match error {
                LinkError::OnEc2 { .. } | LinkError::AddressTaken { is_replaceable: true, .. } => {
                    "; a service that was started with --force-links links it nevertheless"
                }
                _ => "",
            };
            return Err(AdminRefusal { status, message: message + hint });
        }
        let shown = self.0.states.lock().get(&number).cloned();
        let shown = shown.ok_or_else(|| LinkName::Number(number).unknown())?;
        // Nothing was counted yet that anybody waits for.
        Ok(facts(number, &shown, &CounterSnapshot::default()))
    }

    fn list(&self) -> Result<Vec<LinkFacts>, AdminRefusal> {
        let counters = self.0.service.counters();
        let states = self.0.states.lock();
        let mut all: Vec<_> =
            states.iter().map(|(number, shown)| facts(*number, shown, &counters)).collect();
        drop(states);
        let records = self.0.store.scan(&keys::links(self.0.store.host())).map_err(internal)?;
        for record in records.unreadable {
            let number = keys::links(self.0.store.host())
                .rest(&record.key)
                .and_then(|rest| rest.parse().ok());
            all.extend(number.map(unreadable));
        }
        all.sort_by_key(|link| link.number);
        Ok(all)
    }

    fn remove(&self, name: &LinkName) -> Result<(), AdminRefusal> {
        let by_number = match name {
            LinkName::Number(number) => Some(*number),
            LinkName::Place(_) => None,
        };
        let number = self.find(name).or(by_number).ok_or_else(|| name.unknown())?;
        // The record first: what is killed in between does not come back.
        let is_recorded = self.forget(number)?;
        let is_shown = self.0.states.lock().contains_key(&number);
        self.0.detach(number);
        if is_recorded || is_shown { Ok(()) } else { Err(name.unknown()) }
    }
}

impl LinkAdmin {
    /// The number of a link that the thread has.
    fn find(&self, name: &LinkName) -> Option<u32> {
        let states = self.0.states.lock();
        match name {
            LinkName::Number(number) => states.contains_key(number).then_some(*number),
            LinkName::Place(place) => {
                let mut links = states.iter();
                links
                    .find(|(_, shown)| shown.spec.place.to_string() == *place)
                    .map(|(number, _)| *number)
            }
        }
    }

    /// Fails unless there is such an instance.
    fn check(&self, id: &InstanceId) -> Result<(), AdminRefusal> {
        let message = format!("there is no instance {id}; `imds instance list` shows all");
        let is_there = self.is_there(id).map_err(internal)?;
        is_there.then_some(()).ok_or(AdminRefusal { status: 404, message })
    }

    fn is_there(&self, id: &InstanceId) -> Result<bool, StoreError> {
        let store = &self.0.store;
        let Some(region) = placement::regions_of(store, &[id])?.remove(id) else {
            return Ok(false);
        };
        match in_parts::find(store, &region, id) {
            Err(StoreError::Unreadable(_)) => Ok(true),
            found => Ok(found?.is_some()),
        }
    }

    /// Fails where a link must be for one instance.
    fn check_any(&self) -> Result<(), AdminRefusal> {
        let message = "this host follows linked instances alone (--follow linked): name the one that the link is for \
                       (imds link add PLACE,instance=ID)";
        let is_bound = self.0.placer.is_some();
        if is_bound { Err(AdminRefusal { status: 400, message: message.into() }) } else { Ok(()) }
    }

    fn record(
        &self,
        place: &Place,
        instance: Option<&InstanceId>,
        now: u64,
    ) -> Result<u32, AdminRefusal> {
        for _ in 0..ATTEMPTS {
            match link::add(&self.0.store, &place.to_string(), instance.cloned(), now) {
                Ok(number) => return Ok(number),
                Err(LinkRecordError::Store(StoreError::Conflict { .. })) => {}
                Err(LinkRecordError::Store(error)) => return Err(internal(error)),
                Err(error) => return Err(refused(409, &error)),
            }
        }
        Err(AdminRefusal { status: 503, message: "too many links are being added".into() })
    }

    /// Removes a record; `false` if there is none.
    fn forget(&self, number: u32) -> Result<bool, AdminRefusal> {
        match link::remove(&self.0.store, number) {
            Ok(()) => Ok(true),
            Err(LinkRecordError::Unknown(_)) => Ok(false),
            Err(error) => Err(internal(error)),
        }
    }
}

fn facts(number: u32, shown: &Shown, counters: &CounterSnapshot) -> LinkFacts {
    let Shown { spec, progress, earlier } = shown;
    let mut counts = *earlier;
    let (state, reason, device) = match progress {
        Progress::Attached { device, listeners } => {
            for listener in listeners {
                counts += counters.links.get(listener).copied().unwrap_or_default();
            }
            (LinkState::Attached, None, Some(device.clone()))
        }
        Progress::Waiting { reason } => (LinkState::Waiting, Some(reason.clone()), None),
    };
    let LinkCounts { connections, open, requests, v1 } = counts;
    let place = spec.place.to_string();
    let kind = place.split('=').next().map(str::to_owned);
    let instance = spec.instance.clone();
    let place = Some(place);
    LinkFacts {
        number,
        kind,
        place,
        instance,
        state,
        reason,
        device,
        connections,
        open,
        requests,
        v1,
    }
}

/// A link whose record cannot be read.
fn unreadable(number: u32) -> LinkFacts {
    LinkFacts {
        number,
        kind: None,
        place: None,
        instance: None,
        state: LinkState::Waiting,
        reason: Some(format!("its record cannot be read; remove it: imds link remove {number}")),
        device: None,
        connections: 0,
        open: 0,
        requests: 0,
        v1: 0,
    }
}

fn status(error: &LinkError) -> u16 {
    match error {
        LinkError::NoSuchPlace { .. } => 404,
        LinkError::NotPermitted { .. } => 403,
        LinkError::AddressTaken { .. }
        | LinkError::OnEc2 { .. }
        | LinkError::AlreadyLinked { .. } => 409,
        LinkError::Lost | LinkError::System { .. } => 503,
    }
}

fn refused(status: u16, error: &dyn std::error::Error) -> AdminRefusal {
    AdminRefusal { status, message: error.to_string() }
}

fn internal(error: impl std::error::Error + 'static) -> AdminRefusal {
    let error: &(dyn std::error::Error + 'static) = &error;
    tracing::error!(error, "cannot use the links in the state");
    AdminRefusal { status: 500, message: "an internal error has occurred".into() }
}
