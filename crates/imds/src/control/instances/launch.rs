//! What is kept of an instance that is launched, be it by a call or by the operator.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::instance::LifeCycle;
use imds_core::launch::LaunchError;
use imds_core::network::NetworkInterface;
use imds_core::options::{MetadataDefaults, TokensEnforced};
use imds_core::placement::Region;
use imds_core::{Instance, InstanceId, Launch};
use imds_store::records::{
    self, AddressHolder, InstanceImage, Lifecycle, ProfileAssociation, Tags,
};
use imds_store::{Transaction, keys};

use crate::control::network::Network;

/// Why nothing is launched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLaunched {
    /// There can be no such instance.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The account does not want it.
    #[error(transparent)]
    Enforced(#[from] TokensEnforced),
}

/// Settles what `launch` says under the account's defaults: each option comes from the launch, else
/// from the account, else from the image.
pub(crate) fn settle(
    mut launch: Launch,
    defaults: MetadataDefaults,
) -> Result<Instance, NotLaunched> {
    launch.options = launch.options.or(defaults.preferences);
    let instance = launch.settle()?;
    defaults.check(&instance.options)?;
    Ok(instance)
}

/// Adds to `transaction` all that is kept of a new instance; its addresses must be free.
pub(crate) fn keep(
    transaction: Transaction,
    instance: &Instance,
    record: &records::Instance,
) -> Transaction {
    let region = instance.zone.region();
    let id = instance.id.as_str();
    let holder = AddressHolder { region: region.clone(), instance: instance.id.clone() };
    let mut transaction = transaction.write(&keys::instance(region, id), record);
    for address in record.addresses() {
        let key = keys::address(address);
        transaction = transaction.expect(&key, None).write(&key, &holder);
    }
    let tags: Tags = instance.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    if tags.is_empty() { transaction } else { transaction.write(&keys::tags(region, id), &tags) }
}

/// Adds to `transaction` that nothing is kept of an instance any more.
pub(crate) fn forget(
    transaction: Transaction,
    region: &Region,
    id: &InstanceId,
    record: &records::Instance,
) -> Transaction {
    let transaction = transaction
        .remove(&keys::instance(region, id.as_str()))
        .remove(&keys::tags(region, id.as_str()));
    // What it had before it was terminated may be another's by now.
    let has_addresses = record.lifecycle != Lifecycle::Terminated;
    if has_addresses { free_addresses(transaction, record) } else { transaction }
}

/// Adds to `transaction` that an instance's addresses are free again.
pub(super) fn free_addresses(transaction: Transaction, record: &records::Instance) -> Transaction {
    record
        .addresses()
        .fold(transaction, |transaction, address| transaction.remove(&keys::address(address)))
}

/// What is kept of `instance`; `association` is the id of its instance profile's association.
pub(crate) fn record(
    instance: &Instance,
    network: &Network,
    association: impl FnOnce() -> String,
) -> records::Instance {
    records::Instance {
        account: instance.account.clone(),
        zone: instance.zone.clone(),
        image: InstanceImage {
            id: instance.image.id.clone(),
            imds_v2_support: instance.image.imds_v2_support,
            root_device: instance.image.root_device.clone(),
        },
        instance_type: instance.instance_type.clone(),
        reservation_id: instance.reservation_id.clone(),
        launch_index: instance.launch_index,
        launched_at: instance.launched_at,
        lifecycle: Lifecycle::Running,
        transition: None,
        options: instance.options,
        interfaces: instance
            .interfaces
            .iter()
            .filter_map(|interface| kept_interface(interface, network))
            .collect(),
        key: instance
            .public_key
            .as_ref()
            .map(|key| records::PublicKey { name: key.name.clone(), openssh: key.openssh.clone() }),
        profile: instance.role.as_ref().map(|role| ProfileAssociation {
            id: association(),
            name: role.name.clone(),
            since: instance.launched_at,
        }),
        user_data: instance.user_data.as_ref().map(|bytes| STANDARD.encode(bytes)),
        spot: instance.life_cycle == LifeCycle::Spot,
        placement: instance.placement.clone(),
        block_devices: instance.block_devices.clone(),
        hostname_type: instance.hostname_type,
        monitoring: Some(instance.monitoring),
        events: instance.events.clone(),
        client_token: None,
        attributes: <_>::default(),
    }
}

/// `None` where it has no IPv4 address, which no subnet here leads to.
fn kept_interface(interface: &NetworkInterface, network: &Network) -> Option<records::Interface> {
    let primary = interface.ipv4.first()?;
    let subnet = &interface.subnet;
    let is_default = network.default_subnet(&subnet.zone).id == subnet.id;
    Some(records::Interface {
        device_index: interface.device_index,
        network_card: interface.network_card,
        mac: Some(interface.mac),
        subnet: (!is_default).then(|| records::Subnet {
            id: subnet.id.clone(),
            ipv4: subnet.ipv4,
            ipv6: subnet.ipv6,
        }),
        private_ipv4: primary.address,
        secondary_ipv4: interface.ipv4.iter().skip(1).map(|ipv4| ipv4.address).collect(),
        ipv6: interface.ipv6.clone(),
        public_ipv4: primary.public,
    })
}
