//! Proves that an engine keeps the contract of [`Kv`](crate::Kv).
//!
//! An engine's tests describe the engine as a [`Subject`] and run every one of [`RULES`] against it:
//!
//! ```
//! use imds_kv::conformance::{RULES, Subject};
//! use imds_kv::{Limits, Memory};
//! use std::sync::Arc;
//!
//! let open = || {
//!     let kv = Arc::new(Memory::with_limits(Limits::PORTABLE));
//!     let clock = Arc::clone(&kv);
//!     Subject::new(kv).with_time(move |time| clock.advance_clock(time))
//! };
//! let rule = RULES.iter().find(|rule| rule.name == "comparisons_decide").unwrap();
//! (rule.prove)(&open);
//! ```
//!
//! Rules assume nothing that a remote engine cannot keep: revisions have gaps, changes come in
//! several parts, time passes on another machine. A rule panics where the engine breaks it.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failed step is a failed test"
)]

mod leases;
mod model;
mod reading;
mod subject;
mod threads;
mod watching;
mod writing;

pub use subject::Subject;

/// What every engine does.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, in the form of a test's.
    pub name: &'static str,
    /// Panics unless the engines that the function opens, each of them empty, keep it.
    pub prove: fn(&dyn Fn() -> Subject),
}

macro_rules! rules {
    ($($module:ident: $($name:ident),+;)+) => {
        /// Every rule.
        pub const RULES: &[Rule] =
            &[$($(Rule { name: stringify!($name), prove: $module::$name },)+)+];
    };
}

rules! {
    reading:
        a_value_can_be_read_once_it_is_committed,
        several_keys_are_read_at_one_revision,
        listings_are_in_byte_order,
        pages_join_to_the_listing;
    writing:
        a_deleted_key_can_be_created_again,
        comparisons_decide,
        a_conflict_undoes_everything,
        revisions_grow_with_changes_only,
        transactions_are_bounded;
    watching:
        a_watch_reports_each_change,
        a_watch_follows_its_prefixes_only,
        a_watch_waits_for_commits,
        a_closer_ends_a_watch,
        dropping_the_engine_ends_its_watches,
        a_watch_reports_transactions_whole,
        a_watch_of_compacted_changes_is_refused,
        a_follower_loses_nothing_to_compaction;
    leases:
        a_lease_deletes_its_keys_when_its_time_is_over,
        keep_alive_starts_the_time_again,
        revoking_a_lease_deletes_its_keys_at_once,
        a_lease_that_has_ended_refuses,
        a_plain_write_detaches_a_key,
        a_write_in_place_leaves_a_key_with_its_lease,
        a_key_moves_to_another_lease;
    threads:
        no_update_is_lost_between_threads,
        readers_see_whole_transactions,
        a_watch_misses_nothing_of_many_writers;
    model:
        any_sequence_is_as_in_the_model;
}
