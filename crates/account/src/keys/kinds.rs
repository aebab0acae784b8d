//! What a key is for, by its text: for tools that see a whole state.

use std::net::SocketAddr;

use imds_core::InstanceId;
use imds_core::credentials::ISSUER_KEY_LENGTH;
use imds_core::ids::InterfaceId;
use imds_core::options::MetadataDefaults;
use imds_core::placement::Zone;
use imds_core::token::KEY_LENGTH;
use imds_identity::ssh_signer::SshSigner;

use crate::record::{Record, RecordError, decode};
use crate::records::{
    AccessKey, AddressHolder, ClientToken, DefaultInstance, FreeInterface, HostClaim, Image,
    Instance, KeyPair, LaunchInParts, LaunchTemplate, LaunchTemplateVersion, Link, Notice,
    SecurityGroup, ServedBy, Snapshot, Tags, TokenKey, Watermark,
};

/// How a record's bytes are read, and what its key has behind its kind.
type Reader = fn(&str, &[u8]) -> Result<(), RecordError>;

/// Text that a key begins with, or is where it does not end in `/`, and how its record is read.
const KINDS: &[(&str, Reader)] = &[
    ("access-keys/", read::<AccessKey>),
    ("addresses/", read::<AddressHolder>),
    ("belongings-form", read::<u32>),
    ("belongings/", read::<InstanceId>),
    ("client-tokens/", read::<ClientToken>),
    ("control-address", read::<SocketAddr>),
    ("credential-key", read_key::<ISSUER_KEY_LENGTH>),
    ("default-instance", read::<DefaultInstance>),
    ("former-addresses/", read::<AddressHolder>),
    ("host-claims/", read::<HostClaim>),
    (IDENTITY_KEYS, read::<String>),
    ("images/", read::<Image>),
    ("instances/", read_instance),
    ("key-pairs/", read::<KeyPair>),
    ("last-link", read::<u32>),
    ("launch-template-names/", read::<String>),
    ("launch-template-versions/", read::<LaunchTemplateVersion>),
    ("launch-templates/", read::<LaunchTemplate>),
    ("launches/", read::<LaunchInParts>),
    ("links/", read::<Link>),
    ("metadata-defaults/", read::<MetadataDefaults>),
    (MOVED, read::<String>),
    ("network-interfaces/", read_interface),
    ("notices/", read::<Notice>),
    ("security-group-names/", read::<String>),
    ("security-groups/", read::<SecurityGroup>),
    ("served-by/", read::<ServedBy>),
    ("snapshots/", read::<Snapshot>),
    ("ssh-signer/", read::<SshSigner>),
    ("tags/", read::<Tags>),
    ("token-keys/", read_key::<KEY_LENGTH>),
    ("turns/", read::<String>),
    (UNFINISHED, read::<String>),
    ("uses/", read::<String>),
    ("watermarks/", read::<Watermark>),
];

/// Keys that are for one host alone where a state has a single one: its default instance and its links.
const OWN: &[&str] = &["default-instance", "last-link", "links/"];

/// What only a running process means.
const TRANSIENT: &[&str] = &[
    "control-address",
    LIVING[0],
    LIVING[1],
    MOVED,
    "notices/",
    "served-by/",
    "turns/",
    UNFINISHED,
];

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

/// Reads the record at a key, and sees whether it belongs there; `None` for a key that this release does
/// not know.
pub fn check(key: &str, bytes: &[u8]) -> Option<Result<(), RecordError>> {
    let key = own_of_host(key).map_or(key, |(_, rest)| rest);
    let (text, read) = KINDS.iter().find(|(text, _)| is_of(key, text))?;
    Some(read(&key[text.len()..], bytes))
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

fn read<R: Record>(_place: &str, bytes: &[u8]) -> Result<(), RecordError> {
    decode::<R>(bytes).map(drop)
}

/// What is not found at its id is served to nobody.
fn read_instance(place: &str, bytes: &[u8]) -> Result<(), RecordError> {
    let record: Instance = decode(bytes)?;
    let id = place.rsplit('/').next().filter(|id| id.parse::<InstanceId>().is_ok());
    is_at(place, &record.zone, id.unwrap_or("i-…"))
}

fn read_interface(place: &str, bytes: &[u8]) -> Result<(), RecordError> {
    let FreeInterface { zone, interface } = decode(bytes)?;
    let id = interface.id.as_ref().map(InterfaceId::as_str);
    is_at(place, &zone, id.unwrap_or_else(|| place.rsplit('/').next().unwrap_or_default()))
}

fn is_at(place: &str, zone: &Zone, id: &str) -> Result<(), RecordError> {
    let belongs = format!("{}/{id}", zone.region());
    if place == belongs { Ok(()) } else { Err(RecordError::Place { belongs }) }
}

/// A shorter key keeps a service from starting.
fn read_key<const LENGTH: usize>(_place: &str, bytes: &[u8]) -> Result<(), RecordError> {
    let key: TokenKey = decode(bytes)?;
    key.bytes::<LENGTH>().map(drop).ok_or(RecordError::Length { expected: LENGTH })
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;

    use super::*;
    use crate::network::Network;
    use crate::record::encode;
    use crate::records::Interface;
    use crate::{keys, launch};

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
            keys::belonging(&region, "a").as_str(),
            keys::launch_in_parts(&region, "r-1").as_str(),
            keys::belongings_form().as_str(),
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
            assert!(check(key, b"").is_some() && !is_transient(key), "{key}");
        }
        for key in ["a", "instances", "links", "default-instance/a", "hosts/a", "hosts/a/b"] {
            assert!(check(key, b"").is_none(), "{key}");
        }
        for key in [
            "control-address",
            "hosts/node-1/control-address",
            "host-claims/node-1",
            "watermarks/node-1",
            keys::notice(&"node-1".parse().unwrap(), &"i-11111111".parse().unwrap()).as_str(),
            keys::served_by(&"i-11111111".parse().unwrap()).as_str(),
            keys::sweeper().as_str(),
        ] {
            assert!(check(key, b"").is_some() && is_transient(key), "{key}");
        }
        let tags = |bytes| check("tags/us-east-1/a", bytes).unwrap();
        assert!(tags(br#"{"version":1,"record":{"a":"b"}}"#).is_ok());
        assert!(tags(br#"{"version":9,"record":{"a":"b"}}"#).is_err());
        for (key, length) in [("token-keys/001", KEY_LENGTH), ("credential-key", ISSUER_KEY_LENGTH)]
        {
            let read = |length| check(key, &encode(&TokenKey::new(&vec![7; length]))).unwrap();
            assert!(read(length).is_ok(), "{key}");
            assert!(matches!(read(length - 1), Err(RecordError::Length { .. })), "{key}");
        }
    }

    #[test]
    fn a_record_belongs_to_its_key() {
        let launch = Launch { instance_id: "i-11111111".parse().ok(), ..Launch::default() };
        let network = Network::of(&launch);
        let instance = launch.resolve().unwrap();
        let record = launch::record(&instance, &network, || "a".to_owned());
        let interface =
            Interface { id: "eni-0123456789abcdef0".parse().ok(), ..record.interfaces[0].clone() };
        let free = encode(&FreeInterface { zone: record.zone.clone(), interface });
        let record = encode(&record);
        for (key, bytes, belongs) in [
            ("instances/us-east-1/i-11111111", &record, None),
            ("instances/us-east-1/i-22222222", &record, None),
            ("instances/us-east-1/vol-1", &record, Some("us-east-1/i-…")),
            ("instances/eu-west-1/i-11111111", &record, Some("us-east-1/i-11111111")),
            ("network-interfaces/us-east-1/eni-0123456789abcdef0", &free, None),
            (
                "network-interfaces/us-east-1/eni-0123456789abcdef1",
                &free,
                Some("us-east-1/eni-0123456789abcdef0"),
            ),
        ] {
            let found = match check(key, bytes).unwrap() {
                Ok(()) => None,
                Err(RecordError::Place { belongs }) => Some(belongs),
                Err(error) => panic!("{key}: {error}"),
            };
            assert_eq!(found.as_deref(), belongs, "{key}");
        }
    }
}
