//! What a key is for, by its text: for tools that see a whole state.

use std::net::SocketAddr;

use imds_core::credentials::ISSUER_KEY_LENGTH;
use imds_core::options::MetadataDefaults;
use imds_core::token::KEY_LENGTH;
use imds_identity::ssh_signer::SshSigner;

use crate::record::{Record, RecordError, decode};
use crate::records::{
    AccessKey, AddressHolder, ClientToken, DefaultInstance, FreeInterface, HostClaim, Image,
    Instance, KeyPair, LaunchTemplate, LaunchTemplateVersion, Link, SecurityGroup, Snapshot, Tags,
    TokenKey, Watermark,
};

/// How a record's bytes are read; `Err` if they cannot be.
pub type Reader = fn(&[u8]) -> Result<(), RecordError>;

/// Text that a key begins with, or is where it does not end in `/`, and how its record is read.
const KINDS: &[(&str, Reader)] = &[
    ("access-keys/", read::<AccessKey>),
    ("addresses/", read::<AddressHolder>),
    ("client-tokens/", read::<ClientToken>),
    ("control-address", read::<SocketAddr>),
    ("credential-key", read_key::<ISSUER_KEY_LENGTH>),
    ("default-instance", read::<DefaultInstance>),
    ("former-addresses/", read::<AddressHolder>),
    ("host-claims/", read::<HostClaim>),
    (IDENTITY_KEYS, read::<String>),
    ("images/", read::<Image>),
    ("instances/", read::<Instance>),
    ("key-pairs/", read::<KeyPair>),
    ("last-link", read::<u32>),
    ("launch-template-names/", read::<String>),
    ("launch-template-versions/", read::<LaunchTemplateVersion>),
    ("launch-templates/", read::<LaunchTemplate>),
    ("links/", read::<Link>),
    ("metadata-defaults/", read::<MetadataDefaults>),
    (MOVED, read::<String>),
    ("network-interfaces/", read::<FreeInterface>),
    ("security-group-names/", read::<String>),
    ("security-groups/", read::<SecurityGroup>),
    ("snapshots/", read::<Snapshot>),
    ("ssh-signer/", read::<SshSigner>),
    ("tags/", read::<Tags>),
    ("token-keys/", read_key::<KEY_LENGTH>),
    (UNFINISHED, read::<String>),
    ("uses/", read::<String>),
    ("watermarks/", read::<Watermark>),
];

/// Keys that are for one host alone where a state has a single one: its default instance and its links.
const OWN: &[&str] = &["default-instance", "last-link", "links/"];

/// What only a running process means.
const TRANSIENT: &[&str] = &["control-address", LIVING[0], LIVING[1], MOVED, UNFINISHED];

/// What hosts that live have where several share a state, each with the host's name behind it.
pub const LIVING: [&str; 2] = ["host-claims/", "watermarks/"];

/// What is below `hosts/⟨name⟩/` where several hosts share a state.
const HOSTS: &str = "hosts/";

/// The keys that sign a Region's identity documents, where the state has no directory for files.
pub(crate) const IDENTITY_KEYS: &str = "identity-keys/";

/// That the state was moved, and to where.
pub(crate) const MOVED: &str = "moved-to";

/// That an import has not come to its end, and where it reads.
pub(crate) const UNFINISHED: &str = "unfinished-import";

/// How the record at a key is read; `None` for a key that this release does not know.
pub fn reader(key: &str) -> Option<Reader> {
    let key = own_of_host(key).map_or(key, |(_, rest)| rest);
    KINDS.iter().find(|(text, _)| is_of(key, text)).map(|(_, reader)| *reader)
}

/// Whether a key is no part of what an account keeps, but of a process that runs.
pub fn is_transient(key: &str) -> bool {
    let key = own_of_host(key).map_or(key, |(_, rest)| rest);
    TRANSIENT.iter().any(|text| is_of(key, text))
}

/// Whether a key is for the only host of a state.
pub(crate) fn is_own(key: &str) -> bool {
    OWN.iter().any(|text| is_of(key, text))
}

/// The key that a host among several has for what the only host of a state has at `key`.
pub(crate) fn of_host(host: &str, key: &str) -> String {
    format!("{HOSTS}{host}/{key}")
}

/// The host that a key belongs to, and what the key would be if it were the only one.
pub(crate) fn own_of_host(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix(HOSTS)?.split_once('/')
}

fn is_of(key: &str, text: &str) -> bool {
    if text.ends_with('/') { key.starts_with(text) } else { key == text }
}

fn read<R: Record>(bytes: &[u8]) -> Result<(), RecordError> {
    decode::<R>(bytes).map(drop)
}

/// A shorter key keeps a service from starting.
fn read_key<const LENGTH: usize>(bytes: &[u8]) -> Result<(), RecordError> {
    let key: TokenKey = decode(bytes)?;
    key.bytes::<LENGTH>().map(drop).ok_or(RecordError::Length { expected: LENGTH })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use crate::record::encode;

    #[test]
    fn every_key_has_its_reader() {
        let region = "us-east-1".parse().unwrap();
        let source = "10.0.0.1".parse().unwrap();
        for key in [
            keys::instance(&region, "a").as_str(),
            keys::image(&region, "a").as_str(),
            keys::key_pair(&region, "a/b").as_str(),
            keys::launch_template(&region, "a").as_str(),
            keys::launch_template_name(&region, "a").as_str(),
            keys::launch_template_version(&region, "a", 1).as_str(),
            keys::free_interface(&region, "a").as_str(),
            keys::security_group(&region, "a").as_str(),
            keys::security_group_name(&region, "a b").as_str(),
            keys::snapshot(&region, "a").as_str(),
            keys::tags(&region, "a").as_str(),
            keys::reference(&region, "a").as_str(),
            keys::client_token(&region, "a").as_str(),
            keys::ssh_signer(&region).as_str(),
            keys::metadata_defaults(&region).as_str(),
            keys::address(source).as_str(),
            keys::former_address(source).as_str(),
            keys::access_key("a").as_str(),
            keys::token_key(1).as_str(),
            keys::credential_key().as_str(),
            "hosts/node-1/default-instance",
            "hosts/node-1/links/0000000001",
        ] {
            assert!(reader(key).is_some() && !is_transient(key), "{key}");
        }
        for key in ["a", "instances", "links", "default-instance/a", "hosts/a", "hosts/a/b"] {
            assert!(reader(key).is_none(), "{key}");
        }
        for key in [
            "control-address",
            "hosts/node-1/control-address",
            "host-claims/node-1",
            "watermarks/node-1",
        ] {
            assert!(reader(key).is_some() && is_transient(key), "{key}");
        }
        let tags = reader("tags/us-east-1/a").unwrap();
        assert!(tags(br#"{"version":1,"record":{"a":"b"}}"#).is_ok());
        assert!(tags(br#"{"version":9,"record":{"a":"b"}}"#).is_err());
        for (key, length) in [("token-keys/001", KEY_LENGTH), ("credential-key", ISSUER_KEY_LENGTH)]
        {
            let read = |length| reader(key).unwrap()(&encode(&TokenKey::new(&vec![7; length])));
            assert!(read(length).is_ok(), "{key}");
            assert!(matches!(read(length - 1), Err(RecordError::Length { .. })), "{key}");
        }
    }
}
