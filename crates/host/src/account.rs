//! An account that is open: it has a key, and a default instance.

use imds_account::clock::unix_ms;
use imds_account::{
    Network, Overrides, Store, access_key, belongings, credential_key, default_instance, hosts,
};
use imds_core::credentials::Issuer;
use imds_core::{Instance, Launch};

use crate::error::HostError;
use crate::fleet::Claim;

/// An account, before any thread follows it. A process may still fork.
pub struct Account {
    pub(crate) store: Store,
    pub(crate) network: Network,
    pub(crate) overrides: Overrides,
    pub(crate) issuer: Issuer,
    pub(crate) claim: Option<Claim>,
    instance: Instance,
}

impl Account {
    /// Opens the account in `store`; where others share it, this takes the name of the host first. At first
    /// use it gets an access key that may do everything and the default instance that `launch` describes; an
    /// instance that calls have changed stays as it is, unless the operator describes another one.
    ///
    /// # Errors
    /// [`HostError::CredentialKey`] also where others seal the state with another key: nothing is written then.
    pub fn open(store: Store, launch: &Launch, network: Network) -> Result<Self, HostError> {
        // First: whoever cannot read it writes nothing.
        let issuer = credential_key::issuer(&store, network.account.clone())?;
        let claim = Claim::take(&store)?;
        access_key::ensure(&store, unix_ms() / 1000)?;
        belongings::complete(&store, hosts::silent(&store)?.is_none())?;
        let instance = default_instance::ensure(&store, launch.clone(), &network)?;
        let overrides = Overrides::of(launch, &instance.id).with_issuer(issuer.clone());
        Ok(Self { store, network, overrides, issuer, claim, instance })
    }

    /// The default instance as it was when the account was opened.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Where the account is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }
}
