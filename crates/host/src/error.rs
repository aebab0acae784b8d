//! Why a host does not start.

use std::io;

use imds_account::access_key::AccessKeyError;
use imds_account::credential_key::CredentialKeyError;
use imds_account::default_instance::DefaultInstanceError;
use imds_account::token_key::TokenKeyError;
use imds_account::{HostName, StoreError};
use imds_core::launch::LaunchError;
use imds_dataplane::{AgentError, TooManyFaults};

/// Why a host does not start. What it keeps is as it was, or has the key and the instance that were
/// missing.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There can be no such instance.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The default instance cannot be launched.
    #[error(transparent)]
    DefaultInstance(#[from] DefaultInstanceError),
    /// There is no access key, and none can be made.
    #[error(transparent)]
    AccessKey(#[from] AccessKeyError),
    /// There is no key for session tokens, and none can be made.
    #[error(transparent)]
    TokenKey(#[from] TokenKeyError),
    /// There is no key for role credentials, and none can be made.
    #[error(transparent)]
    CredentialKey(#[from] CredentialKeyError),
    /// Another process is the host of this name, and lives.
    #[error(
        "another process serves as host {0} with this state: end it, or choose another name with host= in the \
         URL of the state"
    )]
    NameInUse(HostName),
    /// A host of an earlier release lives, which does not tell others of changes.
    #[error(
        "host {host} runs release {release}, which does not tell hosts that follow linked instances of changes: \
         upgrade it first, or have this one follow all"
    )]
    SilentHost {
        /// Its name.
        host: String,
        /// What it runs.
        release: String,
    },
    /// A link of the account is for any instance, and this host follows linked instances alone.
    #[error(
        "link {number} to {place} names no instance, and this host follows linked instances alone: have it follow \
         all, remove the link, and add it again with its instance"
    )]
    LinkOfAll {
        /// Its number.
        number: u32,
        /// Its place.
        place: String,
    },
    /// The account cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing follows the account.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// More faults are to be in force from the start than there may be.
    #[error(transparent)]
    Faults(#[from] TooManyFaults),
    /// The system gives no thread, descriptor or timer.
    #[error("cannot start the service")]
    Start(#[source] io::Error),
}
