//! Which instances this host serves, where it follows no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use imds_account::records::Follows;
use imds_account::{Store, link, placement};
use imds_core::InstanceId;
use imds_dataplane::Progress;
use imds_links::LinkError;

use super::check_all_tell;
use crate::error::HostError;

/// How long a link waits for the agent to have its instance.
const PATIENCE: Duration = Duration::from_secs(10);

/// The instances that are placed on this host.
pub(crate) struct Placed {
    /// Those of addresses that it listens on, until it ends.
    fixed: BTreeSet<InstanceId>,
    /// Those of links, by the links' numbers.
    links: BTreeMap<u32, InstanceId>,
}

impl Placed {
    /// Places these instances, and those of the links that the account has, and no others; `None` where this
    /// host follows all. To be called before the agent starts, which has them from then on.
    pub(crate) fn begin(
        store: &Store,
        follows: Follows,
        fixed: &BTreeSet<InstanceId>,
    ) -> Result<Option<Self>, HostError> {
        if follows == Follows::All || store.host().is_none() {
            // It may have followed linked instances before.
            placement::place_only(store, &BTreeSet::new())?;
            return Ok(None);
        }
        check_all_tell(store)?;
        let links = link::list(store)?.into_iter().map(|(number, link)| {
            let place = link.record.place;
            let instance = link.record.instance;
            Ok((number, instance.ok_or(HostError::LinkOfAll { number, place })?))
        });
        let placed = Self { fixed: fixed.clone(), links: links.collect::<Result<_, HostError>>()? };
        let all = placed.fixed.iter().chain(placed.links.values()).cloned();
        placement::place_only(store, &all.collect())?;
        Ok(Some(placed))
    }

    fn has(&self, instance: &InstanceId) -> bool {
        self.fixed.contains(instance) || self.links.values().any(|it| it == instance)
    }
}

/// Places instances on this host, and no longer, as links come and go.
pub(crate) struct Placer {
    store: Store,
    progress: Progress,
    placed: Mutex<Placed>,
}

impl Placer {
    /// `progress` is that of the agent that started with what is placed.
    pub(crate) fn new(store: Store, placed: Placed, progress: Progress) -> Self {
        Self { store, progress, placed: Mutex::new(placed) }
    }

    /// Places the instance of a link, and waits until this host serves it as it is by then.
    pub(crate) fn place(&self, link: u32, instance: Option<&InstanceId>) -> Result<(), LinkError> {
        let refused = |reason: String| LinkError::System {
            operation: "serve the instance of a link".to_owned(),
            reason,
        };
        let Some(instance) = instance else {
            return Err(refused(
                "this host follows linked instances, and the link has none".into(),
            ));
        };
        let mut placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        if !placed.has(instance) {
            let one = BTreeSet::from([instance.clone()]);
            let revision = placement::place(&self.store, &one);
            let revision = revision.map_err(|error| refused(error.to_string()))?;
            if !self.progress.wait_for(revision, PATIENCE) {
                self.withdraw_now(&one);
                return Err(refused("the agent does not follow the state".into()));
            }
        }
        // The settings may name another instance than the account.
        let before = placed.links.insert(link, instance.clone());
        if let Some(before) = before.filter(|before| !placed.has(before)) {
            self.withdraw_now(&[before].into());
        }
        Ok(())
    }

    /// Places the instance of a link no longer, unless there is another way to it.
    pub(crate) fn withdraw(&self, link: u32) {
        let mut placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = placed.links.remove(&link).filter(|it| !placed.has(it)) {
            self.withdraw_now(&[instance].into());
        }
    }

    /// One that stays placed costs notices until the next start, and nothing else.
    fn withdraw_now(&self, instances: &BTreeSet<InstanceId>) {
        if let Err(error) = placement::withdraw(&self.store, instances) {
            tracing::warn!(%error, "cannot tell other hosts that an instance is served here no longer");
        }
    }
}
