//! One authenticated request, and what the operations need to answer it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::abandoned::Abandoned;
use crate::address_cursors::AddressCursors;
use crate::images::PresetImage;
use imds_account::in_parts::{self, NewLaunch};
use imds_account::keys::{self, Key, Prefix};
use imds_account::records::{Interface, Record, Tags};
use imds_account::{
    Applied, Network, RecordSnapshot, Records, Store, StoreError, Stored, Transaction,
    UnreadableRecord,
};
use imds_core::placement::Region;
use imds_core::{AccountId, InstanceType};
use imds_ec2::{Fault, Operation, document};

/// The context of one request: who sent it, where and when, and the account.
pub(super) struct Call<'a> {
    pub(super) store: &'a Store,
    /// What the data path obeys at this moment.
    pub(super) applied: &'a dyn Applied,
    pub(super) network: &'a Network,
    pub(super) account: &'a AccountId,
    pub(super) region: Region,
    /// Instance types that the operator names beside AWS's.
    pub(super) instance_types: &'a [InstanceType],
    /// Images that the operator names.
    pub(super) images: &'a [PresetImage],
    /// The ARN of who signed the request.
    pub(super) principal: String,
    /// In seconds since 1970.
    pub(super) now: u64,
    pub(super) request_id: String,
    /// Whether to check only whether the request would succeed.
    pub(super) dry_run: bool,
    pub(super) cursors: &'a AddressCursors,
    /// What the next commit does beside its own writes, and what it depends on.
    pub(super) relied: RefCell<Transaction>,
    pub(super) unreadable: &'a UnreadableLog,
    pub(super) abandoned: &'a Abandoned,
}

/// The unreadable records that a request has met. Each is logged once, however often the request
/// reads it.
#[derive(Default)]
pub(super) struct UnreadableLog(RefCell<BTreeSet<String>>);

impl UnreadableLog {
    /// Logs the key and what is wrong, never the value.
    pub(super) fn report(&self, unreadable: &UnreadableRecord) {
        if self.0.borrow_mut().insert(unreadable.key.clone()) {
            let error: &(dyn std::error::Error + 'static) = unreadable;
            tracing::error!(error, key = unreadable.key, "leaves out a record");
        }
    }
}

/// Why an operation was not carried out.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The caller is told.
    Fault(Fault),
    /// The caller is told that something is wrong here; the log says what.
    Store(StoreError),
    /// Nobody waits for the response.
    Abandoned,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<UnreadableRecord> for Refusal {
    fn from(unreadable: UnreadableRecord) -> Self {
        Self::Store(unreadable.into())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Call<'_> {
    /// The response document of `request`, which `operation` answers.
    ///
    /// A dry run does all that the operation does until it writes, so that it fails where the
    /// operation would.
    pub(super) fn answer<O: Operation>(
        &self,
        request: &O,
        operation: impl FnOnce(&Self, &O) -> Result<O::Response, Refusal>,
    ) -> Result<String, Refusal> {
        let answer = operation(self, request)?;
        if self.dry_run {
            Err(Fault::dry_run().into())
        } else {
            Ok(document::<O>(&answer, &self.request_id))
        }
    }

    /// The record under `key`.
    pub(super) fn read<R: Record>(&self, key: &Key<R>) -> Result<Option<Stored<R>>, Refusal> {
        self.go_on()?;
        Ok(self.store.read(key)?)
    }

    /// The records under these keys ([`Key::as_str`]), all as they were at one time.
    pub(super) fn read_many(&self, keys: &[&str]) -> Result<RecordSnapshot, Refusal> {
        self.go_on()?;
        Ok(self.store.read_many(keys)?)
    }

    /// The same of a record that decides what is written next: that commits only if the record, or its absence,
    /// is still as it was read.
    pub(super) fn rely_on<R: Record>(&self, key: &Key<R>) -> Result<Option<Stored<R>>, Refusal> {
        let stored = self.read(key)?;
        self.also(Transaction::new().if_unchanged(key, stored.as_ref()));
        Ok(stored)
    }

    /// Says that what is written next refers to a resource, so that a request fails which deletes the resource and
    /// saw no reference: see [`rely_on_no_new_reference`](Self::rely_on_no_new_reference). Requests that refer to
    /// the same resource do not get in each other's way.
    pub(super) fn refer_to(&self, resource: &str) {
        let key = keys::reference(&self.region, resource);
        self.also(Transaction::new().write(&key, &self.request_id));
    }

    /// The same of the security groups of an interface that comes to an instance or leaves one: who looks at both
    /// places, one after the other, may see it at neither.
    pub(super) fn refer_to_groups_of(&self, interface: &Interface) {
        interface.groups.iter().for_each(|group| self.refer_to(group.id.as_str()));
    }

    /// Says that what is written next deletes a resource that nobody refers to: it commits only if nobody begins to
    /// refer to it from now on. Comes before looking for who does.
    pub(super) fn rely_on_no_new_reference(&self, resource: &str) -> Result<(), Refusal> {
        let key = keys::reference(&self.region, resource);
        self.rely_on(&key)?;
        self.also(Transaction::new().remove(&key));
        Ok(())
    }

    fn also(&self, more: Transaction) {
        let relied = self.relied.take();
        self.relied.replace(relied.and(more));
    }

    /// All records below `prefix` that can be read, each with the rest of its key. The others are
    /// logged: one unreadable record must not hide the rest of a list.
    pub(super) fn scan<R: Record>(
        &self,
        prefix: &Prefix<R>,
    ) -> Result<Vec<(String, Stored<R>)>, Refusal> {
        Ok(self.scan_page(prefix, "", usize::MAX)?.records)
    }

    /// The same for the first `limit` records, readable or not, after the one named `after`.
    pub(super) fn scan_page<R: Record>(
        &self,
        prefix: &Prefix<R>,
        after: &str,
        limit: usize,
    ) -> Result<Records<R>, Refusal> {
        self.go_on()?;
        let page = self.store.scan_page(prefix, after, limit)?;
        for unreadable in &page.unreadable {
            self.unreadable.report(unreadable);
        }
        Ok(page)
    }

    /// The names of all records below `prefix`, readable or not.
    pub(super) fn names<R>(&self, prefix: &Prefix<R>) -> Result<Vec<String>, Refusal> {
        Ok(self.store.names(prefix)?)
    }

    /// The tags of a resource, to show them: none if they cannot be read, so that the resource is
    /// shown without them.
    pub(super) fn tags(&self, resource: &str) -> Result<Tags, Refusal> {
        self.go_on()?;
        match self.store.read(&keys::tags(&self.region, resource)) {
            Ok(stored) => Ok(stored.map(|stored| stored.record).unwrap_or_default()),
            Err(StoreError::Unreadable(unreadable)) => {
                self.unreadable.report(&unreadable);
                Ok(Tags::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Fails once nobody waits for the response.
    fn go_on(&self) -> Result<(), Refusal> {
        if self.abandoned.is_set() { Err(Refusal::Abandoned) } else { Ok(()) }
    }

    /// Writes a launch, in parts where one commit cannot.
    pub(super) fn commit_launch<I, F>(&self, mut launch: NewLaunch<I, F>) -> Result<(), Refusal>
    where
        I: Copy,
        F: Fn(Transaction, I, bool) -> Transaction,
    {
        launch.end = launch.end.and(self.relied.take());
        if self.dry_run {
            return Err(Fault::dry_run().into());
        }
        Ok(in_parts::commit(self.store, &launch)?)
    }

    /// Writes; durable when it returns. What a dry run comes to is this.
    pub(super) fn commit(&self, transaction: Transaction) -> Result<(), Refusal> {
        let transaction = transaction.and(self.relied.take());
        if self.dry_run {
            return Err(Fault::dry_run().into());
        }
        self.store.commit(transaction)?;
        Ok(())
    }
}
