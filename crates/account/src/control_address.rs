//! Where the control side listens: kept, so that other processes of this program find it.

use std::net::SocketAddr;

use crate::{Store, StoreError, Transaction, keys};

/// Keeps the address, or that there is none. Writes nothing where that is known already.
pub fn keep(store: &Store, address: Option<SocketAddr>) -> Result<(), StoreError> {
    let place = keys::control_address(store.host());
    let known = store.read(&place)?.map(|kept| kept.record);
    if known != address {
        let transaction = match address {
            Some(address) => Transaction::new().write(&place, &address),
            None => Transaction::new().remove(&place),
        };
        store.commit(transaction)?;
    }
    Ok(())
}
