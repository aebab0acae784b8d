//! New ids: random, where the core derives what belongs to an instance.

use std::str::FromStr;

use imds_core::AccountId;
use imds_core::ids::derive;
pub(super) use imds_core::ids::derived;
use imds_ec2::Fault;

/// A new id such as `i-0a1b…`: the prefix, and 17 hexadecimal digits of which the first is 0.
pub(super) fn new<T: FromStr>(prefix: &str) -> Result<T, Fault> {
    let id = format!("{prefix}0{:016x}", random()?).parse();
    id.map_err(|_| unreachable!("the id is well formed"))
}

/// The unique id of a user or role, such as `AROA…`: always the same.
pub(super) fn principal(prefix: &str, account: &AccountId, name: &str) -> String {
    let letter = |byte: u8| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte) % 32]);
    let seed = derive(&[prefix, account.as_str(), name]).into_iter();
    format!("{prefix}{}", seed.take(17).map(letter).collect::<String>())
}

/// A random number.
pub(super) fn random() -> Result<u64, Fault> {
    getrandom::u64().map_err(no_randomness)
}

/// A request id, as EC2 writes them: a random UUID.
pub(super) fn request_id() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(uuid(bytes))
}

/// The UUID that belongs to a name: always the same.
pub(super) fn derived_uuid(owner: &str, name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&derive(&[owner, name])[..16]);
    uuid(bytes)
}

/// A UUID of these bits, as far as they are free. RFC 9562, version 4.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &hex[group]);
    groups.join("-")
}

/// The fault where there are no random bytes, which the log says.
pub(super) fn no_randomness(error: getrandom::Error) -> Fault {
    tracing::error!(%error, "the kernel gives no random bytes");
    Fault::internal()
}

#[cfg(test)]
mod tests {
    use imds_core::InstanceId;

    use super::*;

    #[test]
    fn ids_are_well_formed_and_differ() {
        let id: InstanceId = new("i-").unwrap();
        assert_ne!(id, new("i-").unwrap());
        assert_ne!(request_id().unwrap(), request_id().unwrap());
        assert_eq!(request_id().unwrap().len(), 36);
    }
}
