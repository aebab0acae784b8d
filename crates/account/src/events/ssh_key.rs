//! `SendSSHPublicKey` of EC2 Instance Connect: a key that lives for a minute.

use crate::{Store, StoreError, Transaction, keys};
use imds_core::events::{OsUser, SshKey};
use imds_core::placement::Region;
use imds_identity::ssh_signer::SshSigner;

use super::target::EventTarget;
use super::{EventError, forget};
use imds_identity::ssh_signer;

/// The most characters that a key has. Source: EC2 Instance Connect API, `SendSSHPublicKey`.
const MAX_KEY: usize = 4096;

/// How many keys an instance can have at a time.
const MAX_KEYS: usize = 100;

/// Who sends a key.
pub struct Sender<'a> {
    /// As an ARN.
    pub caller: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
}

/// Sends a key to an instance. `now` is in seconds since 1970.
pub fn send(
    store: &Store,
    whose: &EventTarget,
    user: &OsUser,
    key: &str,
    sender: &Sender<'_>,
    now: u64,
) -> Result<(), EventError> {
    let key = checked(key)?;
    let signer = signer(store, &whose.region, now)?;
    // The script on the instance compares this with its clock.
    let dead_at = now.saturating_add(SshKey::LIFE);
    let lines = format!(
        "#Timestamp={dead_at}\n#Instance={}\n#Caller={}\n#Request={}\n{key}\n",
        whose.id, sender.caller, sender.request_id
    );
    let signature = ssh_signer::sign(&signer, &lines)?;
    // An empty line ends it, or the next one would be read as part of the signature.
    let block = format!("{lines}{signature}\n\n");
    whose.change(store, |events| {
        forget(events, now);
        if events.ssh_keys.len() >= MAX_KEYS {
            return Err(EventError::TooManyKeys);
        }
        events.ssh_keys.push(SshKey { user: user.clone(), sent_at: now, block: block.clone() });
        Ok(())
    })
}

/// One line with a key of a kind that the script knows.
fn checked(key: &str) -> Result<&str, EventError> {
    let key = key.trim();
    let is_known = ["ssh-rsa ", "ssh-ed25519 "].iter().any(|kind| key.starts_with(kind));
    let is_line = !key.contains(char::is_control) && key.len() <= MAX_KEY;
    if is_known && is_line { Ok(key) } else { Err(EventError::BadKey) }
}

/// The Region's signer, made when the first key is sent there.
fn signer(store: &Store, region: &Region, now: u64) -> Result<SshSigner, EventError> {
    let key = keys::ssh_signer(region);
    if let Some(kept) = store.read(&key)? {
        return Ok(kept.record);
    }
    let made = ssh_signer::make(region, now)?;
    match store.commit(Transaction::new().if_unchanged(&key, None).write(&key, &made)) {
        Ok(_) => Ok(made),
        // Somebody else's is the Region's.
        Err(conflict @ StoreError::Conflict { .. }) => {
            store.read(&key)?.map(|kept| kept.record).ok_or(conflict.into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line_of_a_kind_that_the_script_knows() {
        assert_eq!(checked(" ssh-ed25519 AAAA me\n").unwrap(), "ssh-ed25519 AAAA me");
        let long = format!("ssh-rsa {}", "A".repeat(MAX_KEY));
        for bad in ["", "ssh-dss AAAA", "ssh-rsa AAAA\n#Instance=i-1", &long] {
            assert!(matches!(checked(bad), Err(EventError::BadKey)), "{bad:?}");
        }
    }
}
