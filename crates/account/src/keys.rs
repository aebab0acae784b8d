//! The key layout: the only place that spells keys.
//!
//! `⟨noun⟩/⟨Region⟩/⟨id⟩`: everything of a kind lies together, and within it everything of a Region.
//! A key knows what is kept under it, so that nothing is read as what it is not.
//!
//! Where hosts share a state, what is of one host alone is below `hosts/⟨name⟩/`.

pub mod kinds;

use std::fmt::Debug;
use std::marker::PhantomData;
use std::net::SocketAddr;

use imds_core::InstanceId;
use imds_core::options::MetadataDefaults;
use imds_core::placement::Region;
use imds_identity::ssh_signer::SshSigner;

use crate::host_name::HostName;
use crate::records::{
    AccessKey, AddressHolder, ClientToken, DefaultInstance, FreeInterface, HostClaim, Image,
    Instance, KeyPair, LaunchInParts, LaunchTemplate, LaunchTemplateVersion, Link, Notice,
    SecurityGroup, ServedBy, Snapshot, Tags, TokenKey, Watermark,
};
use crate::source::Source;

/// The key of one record of type `R`.
#[derive(Debug)]
pub struct Key<R> {
    text: String,
    kind: PhantomData<fn() -> R>,
}

/// The beginning that the keys of several records of type `R` share.
#[derive(Debug)]
pub struct Prefix<R> {
    text: String,
    kind: PhantomData<fn() -> R>,
}

/// What is below `hosts/`, of every host; behind the prefix are its name and what it is.
const HOSTS: &str = "hosts";

impl<R> Key<R> {
    /// The key of something that each host has of its own.
    fn of_host(host: Option<&HostName>, part: &str) -> Self {
        match host {
            Some(host) => Self::new(&[HOSTS, host.as_str(), part]),
            None => Self::new(&[part]),
        }
    }

    fn new(parts: &[&str]) -> Self {
        Self { text: parts.join("/"), kind: PhantomData }
    }

    /// The key as the store has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<R> Prefix<R> {
    fn new(parts: &[&str]) -> Self {
        Self { text: format!("{}/", parts.join("/")), kind: PhantomData }
    }

    /// The prefix as the store has it; ends in `/`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key that has `rest` behind this prefix.
    pub fn key(&self, rest: &str) -> Key<R> {
        Key { text: format!("{}{rest}", self.text), kind: PhantomData }
    }

    /// What a key has behind this prefix; `None` where it is not below it.
    pub fn rest<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&self.text)
    }
}

/// Defines the keys of resources that have a Region and a name in it.
macro_rules! regional {
    ($($(#[$doc:meta])* $one:ident, $all:ident, $noun:literal, $record:ty;)+) => {$(
        $(#[$doc])*
        pub fn $one(region: &Region, id: &str) -> Key<$record> {
            Key::new(&[$noun, region.as_str(), id])
        }

        /// All of them in a Region.
        pub fn $all(region: &Region) -> Prefix<$record> {
            Prefix::new(&[$noun, region.as_str()])
        }
    )+};
}

regional! {
    /// An instance, by id.
    instance, instances, "instances", Instance;
    /// An image that was registered here, by id.
    image, images, "images", Image;
    /// A key pair, by name.
    key_pair, key_pairs, "key-pairs", KeyPair;
    /// A launch that was written in parts, by its reservation.
    launch_in_parts, launches_in_parts, "launches", LaunchInParts;
    /// A launch template, by id.
    launch_template, launch_templates, "launch-templates", LaunchTemplate;
    /// The id of the launch template with a name.
    launch_template_name, launch_template_names, "launch-template-names", String;
    /// A network interface that is on no instance, by id.
    free_interface, free_interfaces, "network-interfaces", FreeInterface;
    /// The instance that has a volume, a network interface or an instance profile: by the id of the volume, or of the
    /// attachment or association.
    belonging, belongings, "belongings", InstanceId;
    /// A security group, by id; the default one only once it was changed.
    security_group, security_groups, "security-groups", SecurityGroup;
    /// The id of the security group with a name.
    security_group_name, security_group_names, "security-group-names", String;
    /// A snapshot that was made here, by id.
    snapshot, snapshots, "snapshots", Snapshot;
    /// The tags of a resource, by the resource's id.
    tags, all_tags, "tags", Tags;
    /// The request that last began to refer to a resource which must not be deleted as long as others refer to
    /// it, by the resource's id.
    reference, references, "uses", String;
    /// What an earlier request with a client token did, by action and token (`RunInstances/abc`).
    client_token, client_tokens, "client-tokens", ClientToken;
}

/// The instances of all Regions; behind the prefix are Region and id.
pub fn every_instance() -> Prefix<Instance> {
    Prefix::new(&["instances"])
}

/// The tags of all Regions; behind the prefix are Region and resource id.
pub fn every_tags() -> Prefix<Tags> {
    Prefix::new(&["tags"])
}

/// The launches of all Regions that were written in parts.
pub fn every_launch_in_parts() -> Prefix<LaunchInParts> {
    Prefix::new(&["launches"])
}

/// The client tokens of all Regions.
pub fn every_client_token() -> Prefix<ClientToken> {
    Prefix::new(&["client-tokens"])
}

/// Which kinds of belongings have records: see [`belongings`](crate::belongings).
pub fn belongings_form() -> Key<u32> {
    Key::new(&["belongings-form"])
}

/// A version of a launch template. Versions count from 1 and are listed in this order.
pub fn launch_template_version(
    region: &Region,
    template: &str,
    version: u64,
) -> Key<LaunchTemplateVersion> {
    Key::new(&["launch-template-versions", region.as_str(), template, &format!("{version:020}")])
}

/// All versions of a launch template.
pub fn launch_template_versions(region: &Region, template: &str) -> Prefix<LaunchTemplateVersion> {
    Prefix::new(&["launch-template-versions", region.as_str(), template])
}

/// Who signs the keys that EC2 Instance Connect sends in a Region.
pub fn ssh_signer(region: &Region) -> Key<SshSigner> {
    Key::new(&["ssh-signer", region.as_str()])
}

/// The account's metadata defaults in a Region.
pub fn metadata_defaults(region: &Region) -> Key<MetadataDefaults> {
    Key::new(&["metadata-defaults", region.as_str()])
}

/// Which instance has an address, or a block of them. It belongs to one instance over all Regions: a
/// request's source address decides whose metadata it gets.
pub fn address(source: Source) -> Key<AddressHolder> {
    Key::new(&["addresses", &source.to_string()])
}

/// All addresses and blocks that are taken.
pub fn addresses() -> Prefix<AddressHolder> {
    Prefix::new(&["addresses"])
}

/// An address, or a block of them, that was an instance's once. It is never deleted: until it is
/// assigned again, its requests are nobody's, and not the default instance's.
pub fn former_address(source: Source) -> Key<AddressHolder> {
    Key::new(&["former-addresses", &source.to_string()])
}

/// All addresses and blocks that were an instance's once; some of them may be again.
pub fn former_addresses() -> Prefix<AddressHolder> {
    Prefix::new(&["former-addresses"])
}

/// An access key of the control API, by its id.
pub fn access_key(id: &str) -> Key<AccessKey> {
    Key::new(&["access-keys", id])
}

/// All access keys.
pub fn access_keys() -> Prefix<AccessKey> {
    Prefix::new(&["access-keys"])
}

/// A key that session tokens are made with, by its number.
pub fn token_key(id: u8) -> Key<TokenKey> {
    Key::new(&["token-keys", &format!("{id:03}")])
}

/// All token keys.
pub fn token_keys() -> Prefix<TokenKey> {
    Prefix::new(&["token-keys"])
}

/// The key that temporary credentials are issued and checked with.
pub fn credential_key() -> Key<TokenKey> {
    Key::new(&["credential-key"])
}

/// The PEM text of the keys that sign a Region's identity documents, where the state has no directory.
pub fn identity_keys(region: &Region) -> Key<String> {
    Key::new(&["identity-keys", region.as_str()])
}

/// The instance of requests that neither a link nor a source address assigns to one.
pub fn default_instance(host: Option<&HostName>) -> Key<DefaultInstance> {
    Key::of_host(host, "default-instance")
}

/// Where the EC2 API listens, or did: whoever wants to speak with the process that has the state
/// finds it there.
pub fn control_address(host: Option<&HostName>) -> Key<SocketAddr> {
    Key::of_host(host, "control-address")
}

/// A link of a host, by its number.
pub fn link(host: Option<&HostName>, number: u32) -> Key<Link> {
    links(host).key(&format!("{number:010}"))
}

/// All links of a host, in the order of their numbers.
pub fn links(host: Option<&HostName>) -> Prefix<Link> {
    match host {
        Some(host) => Prefix::new(&[HOSTS, host.as_str(), "links"]),
        None => Prefix::new(&["links"]),
    }
}

/// The number of the link that a host added last: a number is never used twice.
pub fn last_link(host: Option<&HostName>) -> Key<u32> {
    Key::of_host(host, "last-link")
}

/// What says that a host lives.
pub fn host_claim(host: &HostName) -> Key<HostClaim> {
    host_claims().key(host.as_str())
}

/// The claims of all hosts that live, by the hosts' names.
pub fn host_claims() -> Prefix<HostClaim> {
    Prefix::new(&["host-claims"])
}

/// What each host has of its own, of all hosts that ever had the state: behind the prefix are a host's
/// name and what it is.
pub fn hosts() -> Prefix<()> {
    Prefix::new(&[HOSTS])
}

/// Which hosts that follow linked instances serve an instance.
pub fn served_by(instance: &InstanceId) -> Key<ServedBy> {
    Key::new(&["served-by", instance.as_str()])
}

/// What tells a host that something of an instance changed.
pub fn notice(host: &HostName, instance: &InstanceId) -> Key<Notice> {
    notices(host).key(instance.as_str())
}

/// What tells a host that its claim is made: an agent that watches nothing but notices has seen all notices
/// of what was committed before.
pub fn claim_notice(host: &HostName) -> Key<Notice> {
    notices(host).key("claim")
}

/// The notices of all instances that a host has links to, by the instances' ids; and that of its claim.
pub fn notices(host: &HostName) -> Prefix<Notice> {
    Prefix::new(&["notices", host.as_str()])
}

/// The instance of which a key has the record or the tags.
pub fn instance_of(key: &str) -> Option<(Region, InstanceId)> {
    region_and_id(every_instance().rest(key).or_else(|| every_tags().rest(key))?)
}

/// Reads `⟨Region⟩/⟨instance id⟩`; other things have tags as well.
pub fn region_and_id(place: &str) -> Option<(Region, InstanceId)> {
    let (region, id) = place.split_once('/')?;
    Some((region.parse().ok()?, id.parse().ok()?))
}

/// What one host has of its own.
pub fn own_of(host: &HostName) -> Prefix<()> {
    Prefix::new(&[HOSTS, host.as_str()])
}

/// The name of the host that sweeps a state which several hosts share.
pub fn sweeper() -> Key<String> {
    Key::new(&["turns", "sweep"])
}

/// Up to where the agent of a host that lives has brought a shared state into force.
pub fn watermark(host: &HostName) -> Key<Watermark> {
    watermarks().key(host.as_str())
}

/// The watermarks of all hosts that live, by the hosts' names.
///
/// The last of all nouns: agents watch the keys from `addresses` to `tags`, and need not see each other's
/// watermarks move.
pub fn watermarks() -> Prefix<Watermark> {
    Prefix::new(&["watermarks"])
}
