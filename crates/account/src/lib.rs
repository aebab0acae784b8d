//! What an account keeps: access keys, instances, images, launch templates, tags, events; and from a
//! record to an instance.
//!
//! - [`store`]: records at keys ([`keys`]) of a key-value store; [`records`]: their form;
//! - [`launch`]: from a launch to a record; [`in_parts`]: launches that one commit cannot write;
//!   [`instance`]: from a record to an instance, with the operator's [`overrides`];
//! - [`default_instance`], [`access_key`], [`token_key`], [`credential_key`], [`control_address`]: what
//!   exists without a call;
//! - [`link`]: where workloads reach the service;
//! - [`hosts`]: those that share the account, each with a [`host_name`]; [`placement`]: which of them serve
//!   an instance; [`identity_keys`]: what they sign with;
//! - [`network`], [`zones`]: where instances are launched; [`belongings`]: which instance has what;
//! - [`openssh`]: the public keys of key pairs; [`windows`]: passwords that only their holders can read;
//! - [`events`]: what is simulated; [`sweep`]: what is deleted when its time is over;
//! - [`applied`]: what the data path obeys, as the EC2 API needs to know it;
//! - [`transfer`]: a whole state on its way to another place;
//! - [`clock`]: what time it is.

pub mod access_key;
pub mod applied;
pub mod belongings;
pub mod clock;
pub mod control_address;
pub mod credential_key;
pub mod default_instance;
mod description;
pub mod events;
pub mod host_name;
pub mod hosts;
pub mod identity_keys;
pub mod in_parts;
pub mod instance;
pub mod keys;
pub mod launch;
pub mod link;
pub mod network;
pub mod openssh;
pub mod overrides;
pub mod placement;
mod random;
mod record;
pub mod records;
pub mod source;
pub mod store;
mod stored;
pub mod sweep;
mod telling;
pub mod token_key;
mod transaction;
pub mod transfer;
mod transition;
pub mod volume;
pub mod windows;
pub mod zones;

pub use applied::Applied;
pub use host_name::HostName;
pub use imds_kv::{self, Revision};
pub use network::Network;
pub use overrides::Overrides;
pub use source::{Source, Sources};
pub use store::{
    RecordSnapshot, Records, StateReader, Store, StoreError, Stored, Transaction, UnreadableCause,
    UnreadableRecord,
};
