//! A whole state on its way from one place to another: read, written to a file, and written to an empty
//! engine so that it is there wholly, or says that it is not.
//!
//! ```
//! use imds_account::imds_kv::{Kv as _, Memory, Transaction};
//! use imds_account::transfer::{Contents, Import};
//!
//! let (from, to) = (Memory::new(), Memory::new());
//! from.commit(Transaction::new().put("credential-key", "a record"))?;
//! let contents = Contents::of(from.list("")?)?;
//! let import = Import::begin(&to, "an example", false)?;
//! import.write(&contents, |_| {})?;
//! import.finish()?;
//! assert_eq!(Contents::of(to.list("")?)?.digest(), contents.digest());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod contents;
pub mod file;
mod import;
mod marks;

pub use contents::{Contents, Layout, UnreadableEntries};
pub use import::{Import, ImportError};
pub use marks::{NotUsable, check_listing, check_usable, check_whole, mark_moved, moved_to};
