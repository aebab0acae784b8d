//! Changing the events that are kept with an instance.

use crate::records::Lifecycle;
use crate::{Store, StoreError, Transaction, in_parts, keys};
use imds_core::InstanceId;
use imds_core::events::Events;
use imds_core::placement::Region;

use super::{EventError, NewEvent};

/// How often a change is tried that others keep getting in the way of.
const ATTEMPTS: usize = 64;

/// An instance that something happens to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventTarget {
    /// Its Region.
    pub region: Region,
    /// Its id.
    pub id: InstanceId,
}

impl EventTarget {
    /// The instance with this id in `region`; the default instance, wherever it is, where none is
    /// named.
    pub fn find(
        store: &Store,
        region: &Region,
        named: Option<&InstanceId>,
    ) -> Result<Self, EventError> {
        if let Some(id) = named {
            return Ok(Self { region: region.clone(), id: id.clone() });
        }
        let kept = store.read(&keys::default_instance(store.host()))?.map(|kept| kept.record);
        let default = kept.map(|it| Self { region: it.region, id: it.instance });
        default.ok_or_else(|| EventError::NoInstance("by default".to_owned(), region.to_string()))
    }

    fn missing(&self) -> EventError {
        EventError::NoInstance(self.id.to_string(), self.region.to_string())
    }

    /// Its events.
    pub fn events(&self, store: &Store) -> Result<Events, EventError> {
        let kept = in_parts::find(store, &self.region, &self.id)?;
        kept.map(|kept| kept.record.events).ok_or_else(|| self.missing())
    }

    /// Lets `edit` change its events, and keeps that; what `edit` refuses changes nothing. It is
    /// called again where others were faster.
    pub fn change<T>(
        &self,
        store: &Store,
        mut edit: impl FnMut(&mut Events) -> Result<T, EventError>,
    ) -> Result<T, EventError> {
        let key = keys::instance(&self.region, self.id.as_str());
        for _ in 0..ATTEMPTS {
            let kept = in_parts::find(store, &self.region, &self.id)?;
            let kept = kept.filter(|kept| kept.record.lifecycle != Lifecycle::Terminated);
            let kept = kept.ok_or_else(|| self.missing())?;
            let mut record = kept.record.clone();
            let done = edit(&mut record.events)?;
            match store
                .commit(Transaction::new().if_unchanged(&key, Some(&kept)).write(&key, &record))
            {
                Err(StoreError::Conflict { .. }) => {}
                committed => return Ok(committed.map(|_| done)?),
            }
        }
        Err(StoreError::Conflict { key: key.as_str().to_owned() }.into())
    }

    /// Lets an event happen; gives its id. `now` is in seconds since 1970.
    pub fn add(&self, store: &Store, event: &NewEvent, now: u64) -> Result<String, EventError> {
        let number = getrandom::u64()?;
        self.change(store, |events| event.add(events, now, number))
    }
}
