//! From the account to what is served.

use std::collections::BTreeMap;

use imds_account::records::{self, Lifecycle, Tags};
use imds_account::store::UnreadableRecord;
use imds_account::{Overrides, Source, Store, StoreError, instance, keys};
use imds_core::InstanceId;
use imds_core::extra::Extra;
use imds_core::instance::SshSigner;
use imds_core::placement::Region;
use imds_kv::{Changes, Revision, Watch};

use super::plan::{self, Plan};
use crate::table::{Served, Table, Update};

/// An account, and what the operator sets beside it.
pub(super) struct AccountSource {
    store: Store,
    overrides: Overrides,
    /// Whether an address that never was an instance's is answered as the default instance.
    has_default: bool,
    /// The default instance, as it was read last.
    default: Option<InstanceId>,
}

impl AccountSource {
    pub(super) fn new(store: Store, overrides: Overrides, has_default: bool) -> Self {
        Self { store, overrides, has_default, default: None }
    }

    /// Puts other values over the default instance's metadata from now on.
    pub(super) fn set_extra(&mut self, extra: Vec<Extra>) {
        self.overrides.set_extra(extra);
    }

    /// Follows what concerns what is served, after `revision`.
    pub(super) fn watch(&self, revision: Revision) -> Result<Watch, StoreError> {
        let (instances, tags) = (keys::every_instance(), keys::every_tags());
        let (addresses, former) = (keys::addresses(), keys::former_addresses());
        let default = keys::default_instance(self.store.host());
        // A host's own claim: once the agent has seen it, all that was committed before is in force.
        let claim = self.store.host().map(keys::host_claim);
        let mut prefixes = vec![
            instances.as_str(),
            tags.as_str(),
            addresses.as_str(),
            former.as_str(),
            default.as_str(),
        ];
        prefixes.extend(claim.as_ref().map(imds_account::keys::Key::as_str));
        self.store.watch(&prefixes, revision)
    }

    /// What changes mean for who is served.
    pub(super) fn plan(&self, changes: &Changes) -> Plan {
        Plan::of(changes, keys::default_instance(self.store.host()).as_str())
    }

    /// The table of the whole account, and the revision to watch from. Records are in memory a page at
    /// a time, however many instances there are.
    pub(super) fn table(&mut self) -> Result<(Table, Revision), StoreError> {
        let mut all_tags = BTreeMap::new();
        // Of what was read first: a change between this and the reading below is seen by the watch.
        let mut revision = None;
        for page in self.store.pages(&keys::every_tags()) {
            let page = page?;
            revision.get_or_insert(page.revision);
            page.unreadable.iter().for_each(report);
            let of_instances = page
                .records
                .into_iter()
                .filter_map(|(place, stored)| Some((plan::instance(&place)?, stored.record)));
            all_tags.extend(of_instances);
        }
        let (mut instances, mut assigned) = (Vec::new(), Vec::new());
        for page in self.store.pages(&keys::every_instance()) {
            let page = page?;
            page.unreadable.iter().for_each(report);
            for (place, stored) in page.records {
                let Some(place) = plan::instance(&place) else { continue };
                let tags = all_tags.remove(&place).unwrap_or_default();
                let (region, id) = place;
                let served = self.served(&region, &id, &stored.record, &tags)?;
                if served.is_none() {
                    // An earlier release did not remember the addresses of what it terminated.
                    assigned.extend(stored.record.sources());
                }
                instances.push((id, served));
            }
        }
        // Listed after the instances: what was released in between is among the former ones. By key
        // alone, so that an unreadable record's address is not the default instance's.
        assigned.extend(self.assigned()?);
        self.default = self.default()?;
        let update = Update { instances, assigned, default: self.default.clone() };
        Ok((Table::default().updated(update), revision.unwrap_or_default()))
    }

    /// What becomes of the table for `plan`. An instance whose record cannot be read is left as it is
    /// in force.
    pub(super) fn update(&mut self, plan: &Plan) -> Result<Update, StoreError> {
        let mut instances = Vec::with_capacity(plan.instances.len());
        for (region, id) in &plan.instances {
            match self.one(region, id) {
                Ok(served) => instances.push((id.clone(), served)),
                // To read it again would not fix it, and the others must not wait for it.
                Err(StoreError::Unreadable(unreadable)) => report(&unreadable),
                Err(error) => return Err(error),
            }
        }
        let assigned = plan.addresses.iter().copied().collect();
        if plan.default {
            self.default = self.default()?;
        }
        Ok(Update { instances, assigned, default: self.default.clone() })
    }

    /// All addresses that are or were an instance's.
    fn assigned(&self) -> Result<Vec<Source>, StoreError> {
        let mut names = self.store.names(&keys::addresses())?;
        names.extend(self.store.names(&keys::former_addresses())?);
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    fn default(&self) -> Result<Option<InstanceId>, StoreError> {
        if !self.has_default {
            return Ok(None);
        }
        match self.store.read(&keys::default_instance(self.store.host())) {
            Err(StoreError::Unreadable(unreadable)) => {
                report(&unreadable);
                Ok(None)
            }
            default => Ok(default?.map(|stored| stored.record.instance)),
        }
    }

    /// An instance as it is to be served; `None` unless it runs.
    fn one(&self, region: &Region, id: &InstanceId) -> Result<Option<Served>, StoreError> {
        let (instance, tags) =
            (keys::instance(region, id.as_str()), keys::tags(region, id.as_str()));
        let snapshot = self.store.read_many(&[instance.as_str(), tags.as_str()])?;
        let Some(record) = snapshot.read(&instance)? else { return Ok(None) };
        let tags = snapshot.read(&tags)?.map(|stored| stored.record).unwrap_or_default();
        self.served(region, id, &record.record, &tags)
    }

    fn served(
        &self,
        region: &Region,
        id: &InstanceId,
        record: &records::Instance,
        tags: &Tags,
    ) -> Result<Option<Served>, StoreError> {
        if record.lifecycle != Lifecycle::Running {
            return Ok(None);
        }
        let mut instance = match instance::instance(id, record, tags, &self.overrides) {
            Ok(instance) => instance,
            Err(error) => {
                // What wrote it has checked it: only another release could have meant something else.
                tracing::error!(%id, %error, "an instance cannot be made of its record");
                return Ok(None);
            }
        };
        if !record.events.ssh_keys.is_empty() {
            let signer = self.store.read(&keys::ssh_signer(region))?.map(|stored| stored.record);
            instance.ssh_signer =
                signer.map(|it| SshSigner { certificates: it.certificates, ocsp: it.ocsp });
        }
        Ok(Some(Served::new(&instance, record.sources())))
    }
}

fn report(unreadable: &UnreadableRecord) {
    let error: &(dyn std::error::Error + 'static) = unreadable;
    tracing::error!(error, "a record is left out");
}
