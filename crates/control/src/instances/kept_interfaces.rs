//! What is kept of the network interfaces of a launch, beside what the metadata shows of them.

use imds_account::records::{self, InterfaceSettings};
use imds_account::{Source, Transaction};
use imds_core::Instance;

use super::existing_interface::Existing;
use super::wanted_interface::Wanted;
use crate::call::Call;

/// The interfaces that every instance of a launch has.
pub(super) struct KeptInterfaces {
    /// Those that exist already; then there is one instance.
    existing: Vec<Existing>,
    /// What is asked of the others, by network card and place on the card.
    new: Vec<((u16, u16), InterfaceSettings)>,
}

impl KeptInterfaces {
    pub(super) fn of(wanted: Vec<Wanted>) -> Self {
        let mut kept = Self { existing: Vec::new(), new: Vec::new() };
        for one in wanted {
            let slot = one.slot();
            match one.existing {
                Some(existing) => kept.existing.push(existing),
                None => kept.new.push((slot, one.settings)),
            }
        }
        kept
    }

    /// Puts them into the record of a new instance.
    pub(super) fn put(&self, instance: &Instance, record: &mut records::Instance, now: u64) {
        for (slot, settings) in &self.new {
            let mut interfaces = record.interfaces.iter_mut();
            let Some(kept) = interfaces.find(|it| it.slot() == *slot) else { continue };
            kept.settings = settings.clone();
            if settings.delete_on_termination == Some(false) {
                // The id is derived from the instance, which it outlives.
                let mut facts = instance.interfaces.iter();
                kept.id = facts.find(|it| it.slot() == *slot).map(|fact| fact.id.clone());
            }
        }
        self.existing.iter().for_each(|it| it.put(record, now));
    }

    /// Adds that those that exist are on no instance no more.
    pub(super) fn taken(&self, call: &Call<'_>, transaction: Transaction) -> Transaction {
        self.existing.iter().fold(transaction, |transaction, it| it.taken(call, transaction))
    }

    /// All that requests may come from through those that exist.
    pub(super) fn sources(&self) -> Vec<Source> {
        self.existing.iter().flat_map(Existing::sources).collect()
    }

    /// Whether the interface with this id exists already.
    pub(super) fn has(&self, id: &str) -> bool {
        self.existing.iter().any(|it| it.id() == id)
    }
}
