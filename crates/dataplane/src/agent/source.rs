//! From the account to what is served.

use std::collections::BTreeMap;

use imds_account::keys::{Key, Prefix};
use imds_account::records::{self, Follows, Lifecycle, Notice, Tags};
use imds_account::store::{RecordSnapshot, UnreadableRecord};
use imds_account::{Overrides, Source, Store, StoreError, instance, keys};
use imds_core::InstanceId;
use imds_core::extra::Extra;
use imds_core::instance::SshSigner;
use imds_core::placement::Region;
use imds_kv::{Changes, Revision, Watch};

use super::launches::Launches;
use super::plan::Plan;
use crate::table::{Served, Table, Update};

/// How many instances are read at once where each is read by its keys.
const AT_ONCE: usize = 50;

/// An account, and what the operator sets beside it.
pub(super) struct AccountSource {
    store: Store,
    overrides: Overrides,
    /// What tells this host of its instances, where it follows no others.
    notices: Option<Prefix<Notice>>,
    /// Whether an address that never was an instance's is answered as the default instance.
    has_default: bool,
    /// The default instance, as it was read last.
    default: Option<InstanceId>,
    launches: Launches,
}

impl AccountSource {
    /// `follows` counts where hosts share the state; whoever follows linked instances alone has no default.
    pub(super) fn new(
        store: Store,
        overrides: Overrides,
        follows: Follows,
        has_default: bool,
    ) -> Self {
        let host = store.host().filter(|_| follows == Follows::Linked);
        let notices = host.map(keys::notices);
        let has_default = has_default && notices.is_none();
        let launches = Launches::default();
        Self { store, overrides, notices, has_default, default: None, launches }
    }

    /// Puts other values over the default instance's metadata from now on.
    pub(super) fn set_extra(&mut self, extra: Vec<Extra>) {
        self.overrides.set_extra(extra);
    }

    /// Follows what concerns what is served, after `revision`.
    pub(super) fn watch(&self, revision: Revision) -> Result<Watch, StoreError> {
        if let Some(notices) = &self.notices {
            // Among them is that of the host's claim.
            return self.store.watch(&[notices.as_str()], revision);
        }
        let (instances, tags) = (keys::every_instance(), keys::every_tags());
        let (addresses, former) = (keys::addresses(), keys::former_addresses());
        let launches = keys::every_launch_in_parts();
        let default = keys::default_instance(self.store.host());
        // A host's own claim: once the agent has seen it, all that was committed before is in force.
        let claim = self.store.host().map(keys::host_claim);
        let mut prefixes = vec![
            instances.as_str(),
            tags.as_str(),
            addresses.as_str(),
            former.as_str(),
            launches.as_str(),
            default.as_str(),
        ];
        prefixes.extend(claim.as_ref().map(imds_account::keys::Key::as_str));
        self.store.watch(&prefixes, revision)
    }

    /// What changes mean for who is served.
    pub(super) fn plan(&self, changes: &Changes) -> Plan {
        match &self.notices {
            Some(notices) => Plan::of_notices(changes, notices),
            None => Plan::of(changes, keys::default_instance(self.store.host()).as_str()),
        }
    }

    /// The table of all that this host follows, and the revision to watch from.
    pub(super) fn table(&mut self) -> Result<(Table, Revision), StoreError> {
        self.launches.clear();
        match &self.notices {
            Some(notices) => self.linked_table(notices),
            None => self.whole_table(),
        }
    }

    /// The table of the instances that there are notices of.
    fn linked_table(&self, notices: &Prefix<Notice>) -> Result<(Table, Revision), StoreError> {
        let told = self.store.scan(notices)?;
        told.unreadable.iter().for_each(report);
        let places = told.records.into_iter();
        let places: Vec<_> = places
            .filter_map(|(id, notice)| Some((notice.record.region?, id.parse().ok()?)))
            .collect();
        let instances = self.read(&places)?;
        let update = Update { instances, ..Update::default() };
        Ok((Table::default().updated(update), told.revision))
    }

    /// The table of the whole account. Records are in memory a page at a time, however many instances there
    /// are.
    fn whole_table(&mut self) -> Result<(Table, Revision), StoreError> {
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
                .filter_map(|(place, stored)| Some((keys::region_and_id(&place)?, stored.record)));
            all_tags.extend(of_instances);
        }
        let (mut instances, mut assigned) = (Vec::new(), Vec::new());
        for page in self.store.pages(&keys::every_instance()) {
            let page = page?;
            page.unreadable.iter().for_each(report);
            for (place, stored) in page.records {
                let Some(place) = keys::region_and_id(&place) else { continue };
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
        let mut places = plan.instances.clone();
        plan.launches.iter().for_each(|launch| places.extend(self.launches.take(launch)));
        let places: Vec<_> = places.into_iter().collect();
        let mut instances = self.read(&places)?;
        instances.extend(plan.gone.iter().map(|id| (id.clone(), None)));
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

    /// Instances as they are to be served, `None` unless they run. Those whose record cannot be read are left
    /// out: to read them again would not fix them, and the others must not wait for them.
    fn read(
        &self,
        places: &[(Region, InstanceId)],
    ) -> Result<Vec<(InstanceId, Option<Served>)>, StoreError> {
        let mut all = Vec::with_capacity(places.len());
        for places in places.chunks(AT_ONCE) {
            let keys = places.iter().map(|(region, id)| {
                (keys::instance(region, id.as_str()), keys::tags(region, id.as_str()))
            });
            let keys: Vec<_> = keys.collect();
            let texts: Vec<_> =
                keys.iter().flat_map(|(one, tags)| [one.as_str(), tags.as_str()]).collect();
            let snapshot = self.store.read_many(&texts)?;
            for ((region, id), (instance, tags)) in places.iter().zip(&keys) {
                match self.one(&snapshot, (region, id), instance, tags) {
                    Ok(served) => all.push((id.clone(), served)),
                    Err(StoreError::Unreadable(unreadable)) => report(&unreadable),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(all)
    }

    fn one(
        &self,
        snapshot: &RecordSnapshot,
        (region, id): (&Region, &InstanceId),
        instance: &Key<records::Instance>,
        tags: &Key<Tags>,
    ) -> Result<Option<Served>, StoreError> {
        let Some(record) = snapshot.read(instance)? else { return Ok(None) };
        let tags = snapshot.read(tags)?.map(|stored| stored.record).unwrap_or_default();
        self.served(region, id, &record.record, &tags)
    }

    fn served(
        &self,
        region: &Region,
        id: &InstanceId,
        record: &records::Instance,
        tags: &Tags,
    ) -> Result<Option<Served>, StoreError> {
        if record.lifecycle != Lifecycle::Running
            || self.launches.leave_out(&self.store, (region, id), record)?
        {
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
