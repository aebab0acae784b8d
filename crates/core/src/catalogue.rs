//! Every category of metadata, as data: its path, the version that first has it, when it is absent,
//! what it looks like, and how it comes from an [`Instance`](crate::Instance).
//!
//! To add a category, add an entry to the file of its directory. Listings follow by themselves.
//! Sources: EC2 User Guide, "Instance metadata categories"; where AWS is silent, captures of
//! instances and what clients ask for, or our choice (`docs/choices.md`).

mod accelerators;
mod block_device;
mod category;
mod dynamic;
mod events;
mod iam;
mod meta_data;
mod network;
mod placement;
mod ssh_keys;
mod tags;

pub use category::Category;
pub(crate) use category::{ALWAYS, Value};

/// Every category, sorted by path.
pub fn categories() -> Vec<&'static Category> {
    let mut all: Vec<_> = [
        accelerators::CATEGORIES,
        block_device::CATEGORIES,
        dynamic::CATEGORIES,
        events::CATEGORIES,
        iam::CATEGORIES,
        meta_data::CATEGORIES,
        network::CATEGORIES,
        placement::CATEGORIES,
        ssh_keys::CATEGORIES,
        tags::CATEGORIES,
    ]
    .into_iter()
    .flatten()
    .collect();
    all.sort_by_key(|category| category.path);
    all
}
