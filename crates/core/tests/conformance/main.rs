//! What EC2 answers, and whether this crate answers the same.
//!
//! | module | question |
//! |---|---|
//! | [`golden`] | are the bytes those that were captured or documented? |
//! | [`clients`] | is there what SDKs and agents cannot do without? |
//! | [`categories`] | is every category there exactly when it should be, and as it should look? |
//! | [`catalogue`] | is no category forgotten, here or in the documentation? |
//! | [`snapshots`] | what is the whole tree of an instance, in each version? |
//! | [`events`] | does what happens show at the right instant? |
//! | [`extra`] | can paths be added and values replaced? |
//! | [`listings`] | does every name that is listed resolve, and is every one listed? |
//! | [`any_bytes`] | does anything at all get a well-formed answer, and only the instance's own? |

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod any_bytes;
mod catalogue;
mod categories;
mod clients;
mod events;
mod exchange;
mod extra;
mod fixture;
mod golden;
mod listings;
mod snapshots;
