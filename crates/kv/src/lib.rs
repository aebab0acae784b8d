//! Ordered keys with revisions, transactions, watches and leases.
//!
//! [`Kv`] is the contract, in the form that etcd has; values are bytes that no engine interprets.
//! [`open`] opens an engine by its URL: [`Memory`], [`Sqlite`] or, with the feature `etcd`, `Etcd`.
//!
//! ```
//! use imds_kv::{Kv, Memory, Transaction};
//!
//! let kv = Memory::new();
//! let created = kv.commit(Transaction::new().if_revision("a", None).put("a", "1"))?;
//! kv.commit(Transaction::new().if_revision("a", Some(created)).put("a", "2").put("b", "3"))?;
//! assert_eq!(kv.list("")?.entries.len(), 2);
//! # Ok::<(), imds_kv::KvError>(())
//! ```
//!
//! With the feature `conformance`, the module of that name proves that an engine keeps the contract.

#[cfg(feature = "conformance")]
pub mod conformance;
mod engine;
mod entry;
mod error;
#[cfg(feature = "etcd")]
mod etcd;
mod lease;
mod lease_table;
mod limits;
mod location;
mod lock;
mod memory;
mod newest;
mod open_error;
mod reaper;
mod reseal;
mod revision;
#[cfg(feature = "etcd")]
mod sealed;
#[cfg(feature = "etcd")]
mod secret_file;
mod sqlite;
mod transaction;
mod watch;

pub use engine::Kv;
pub use entry::{Change, Changes, Entry, Listing, Snapshot, UnreadableEntry};
pub use error::{Cause, KvError};
#[cfg(feature = "etcd")]
pub use etcd::{Etcd, EtcdLocation};
pub use lease::Lease;
pub use limits::Limits;
pub use location::{Location, open};
pub use memory::Memory;
pub use open_error::OpenError;
pub use reseal::{ResealError, Resealed, reseal};
pub use revision::Revision;
#[cfg(feature = "etcd")]
pub use sealed::{SealKeys, Sealed};
pub use sqlite::{Sqlite, SqliteReader};
pub use transaction::Transaction;
pub use watch::{Closer, Watch};
