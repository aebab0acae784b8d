//! The data path: from a packet in to a packet out.
//!
//! 1. `link`: an address the service answers on, and whose requests those are;
//! 2. `worker`: a thread that accepts connections of all links;
//! 3. `connection`: bytes (`input`) become one request at a time (`turn`), and responses become
//!    bytes;
//! 4. `peer`: which instance the request is for (`table`), and how far away the client probably
//!    is;
//! 5. `imds_core`: the response, and how far it may travel;
//! 6. `send`: the hop limit is set before the bytes that need it (`stall`: and a client whose
//!    token was lost is reset early, if that is configured).
//!
//! Where there are `faults`, one that hits a request changes its response, and `faulted` sends it.
//!
//! `service` holds the running data path: links come and go, `requests` are observed,
//! `counters` are read. The `agent` follows the account's store and replaces the table.

mod agent;
mod connection;
mod count;
mod counters;
mod faulted;
mod faults;
mod input;
mod latency;
mod limits;
mod link;
mod logged_text;
mod peer;
mod policy;
mod reactor;
mod requests;
mod send;
mod service;
mod serving_lease;
mod shards;
mod share;
mod shared;
mod snapshot;
mod stall;
mod table;
#[cfg(test)]
mod tests;
mod turn;
mod worker;

pub use agent::health::AgentHealth;
pub use agent::progress::Progress;
pub use agent::{Agent, AgentError};
pub use counters::CounterReader;
pub use faulted::FaultNote;
pub use faults::{
    FaultCounts, FaultEnd, FaultState, FaultStatus, Faults, MAX_FAULTS, TooManyFaults,
};
pub use latency::Latency;
pub use limits::allow_many_connections;
pub use link::{Link, LinkId, Resetter};
pub use logged_text::LoggedText;
pub use policy::ResponsePolicy;
pub use requests::{RequestRecord, Requests, RequestsCloser};
pub use service::{Service, ServiceError, ServiceSettings, default_threads};
pub use serving_lease::ServingLease;
pub use snapshot::{CounterSnapshot, Counts, GroupCounts, LinkCounts};
pub use table::{AppliedTable, CurrentTable, Table, Target};
