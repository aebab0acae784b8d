//! `CreateNetworkInterface` and `DeleteNetworkInterface`.

use imds_account::launch::kept_groups;
use imds_account::records::{FreeInterface, Interface, InterfaceSettings, Subnet};
use imds_account::{Transaction, keys};
use imds_core::ids::InterfaceId;
use imds_core::network::Mac;
use imds_ec2::types::{
    CreateNetworkInterfaceRequest, CreateNetworkInterfaceResult, DeleteNetworkInterfaceRequest,
    InstanceNetworkInterfaceSpecification, NetworkInterface,
};
use imds_ec2::{Done, Fault};

use super::free;
use super::place::{self, Place, release, take};
use crate::call::{Call, Refusal};
use crate::client_token::ClientToken;
use crate::instances::interfaces;
use crate::{ids, tag_values};

pub(crate) fn create(
    call: &Call<'_>,
    request: &CreateNetworkInterfaceRequest,
) -> Result<CreateNetworkInterfaceResult, Refusal> {
    let stated = CreateNetworkInterfaceRequest { client_token: None, ..request.clone() };
    let token = request.client_token.as_deref();
    let token = ClientToken::read(call, "CreateNetworkInterface", token, &stated)?;
    if let Some(id) = token.as_ref().and_then(|token| token.made()?.first()) {
        let stored = call.read(&keys::free_interface(&call.region, id))?;
        let stored = stored.ok_or_else(|| place::not_found(id))?;
        return result(call, &stored.record, request);
    }
    if let Some(kind) = request.interface_type.as_deref().filter(|kind| *kind != "interface") {
        let rule = "Expecting interface: others have no effect on metadata.";
        return Err(Fault::invalid_value("InterfaceType", kind, rule).into());
    }
    let tags = tag_values::specified(&request.tag_specifications, "network-interface")?;
    let id: InterfaceId = ids::new("eni-")?;
    let record = new(call, &id, request)?;
    let key = keys::free_interface(&call.region, id.as_str());
    let mut transaction = Transaction::new().if_unchanged(&key, None).write(&key, &record);
    for source in record.interface.sources() {
        transaction = take(call, transaction, source, None);
    }
    if !tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, id.as_str()), &tags);
    }
    if let Some(token) = token {
        transaction = token.spend(transaction, vec![id.to_string()]);
    }
    call.commit(transaction)?;
    let CreateNetworkInterfaceResult { network_interface, client_token } =
        result(call, &record, request)?;
    let network_interface = network_interface.map(|shown| NetworkInterface {
        // It is on its way in its own response.
        status: Some("pending".to_owned()),
        tag_set: tag_values::shape(&tags),
        ..shown
    });
    Ok(CreateNetworkInterfaceResult { network_interface, client_token })
}

/// The interface that is asked for, with addresses that nobody has.
fn new(
    call: &Call<'_>,
    id: &InterfaceId,
    request: &CreateNetworkInterfaceRequest,
) -> Result<FreeInterface, Refusal> {
    let (subnet, made) = interfaces::one(call, &specification(request))?;
    let is_default = call.network.default_subnet(&subnet.zone).id == subnet.id;
    let mut ipv4 = made.ipv4.iter().map(|ipv4| ipv4.address);
    let random = ids::random()?.to_be_bytes();
    let interface = Interface {
        device_index: 0,
        network_card: None,
        // 02: locally administered, not multicast, as on EC2.
        mac: Some(Mac([0x02, random[0], random[1], random[2], random[3], random[4]])),
        subnet: (!is_default).then(|| Subnet {
            id: subnet.id.clone(),
            ipv4: subnet.ipv4,
            ipv6: subnet.ipv6,
        }),
        private_ipv4: ipv4.next().ok_or_else(Fault::internal)?,
        secondary_ipv4: ipv4.collect(),
        ipv6: made.ipv6,
        public_ipv4: None,
        ipv4_prefixes: made.ipv4_prefixes,
        ipv6_prefixes: made.ipv6_prefixes,
        groups: kept_groups(&made.security_groups, call.network, &call.region),
        id: Some(id.clone()),
        settings: InterfaceSettings {
            description: request.description.clone(),
            ..InterfaceSettings::default()
        },
    };
    Ok(FreeInterface { zone: subnet.zone, interface })
}

fn result(
    call: &Call<'_>,
    record: &FreeInterface,
    request: &CreateNetworkInterfaceRequest,
) -> Result<CreateNetworkInterfaceResult, Refusal> {
    let mut shown = free::shape(call, record);
    let id = shown.network_interface_id.clone().unwrap_or_default();
    shown.tag_set = tag_values::shape(&call.tags(&id)?);
    Ok(CreateNetworkInterfaceResult {
        network_interface: Some(shown),
        client_token: request.client_token.clone(),
    })
}

/// As a launch says it.
fn specification(request: &CreateNetworkInterfaceRequest) -> InstanceNetworkInterfaceSpecification {
    InstanceNetworkInterfaceSpecification {
        device_index: Some(0),
        subnet_id: Some(request.subnet_id.clone()),
        groups: request.groups.clone(),
        private_ip_address: request.private_ip_address.clone(),
        private_ip_addresses: request.private_ip_addresses.clone(),
        secondary_private_ip_address_count: request.secondary_private_ip_address_count,
        ipv6_addresses: request.ipv6_addresses.clone(),
        ipv6_address_count: request.ipv6_address_count,
        ipv4_prefixes: request.ipv4_prefixes.clone(),
        ipv4_prefix_count: request.ipv4_prefix_count,
        ipv6_prefixes: request.ipv6_prefixes.clone(),
        ipv6_prefix_count: request.ipv6_prefix_count,
        ..InstanceNetworkInterfaceSpecification::default()
    }
}

pub(crate) fn delete(
    call: &Call<'_>,
    request: &DeleteNetworkInterfaceRequest,
) -> Result<Done, Refusal> {
    let id = request.network_interface_id.as_str();
    let Place::Free(stored) = place::find(call, id)? else {
        let message = format!("Network interface '{id}' is currently in use.");
        return Err(Fault::invalid_parameter_value(message).into());
    };
    let key = keys::free_interface(&call.region, id);
    let mut transaction = Transaction::new().if_unchanged(&key, Some(&stored)).remove(&key);
    for source in stored.record.interface.sources() {
        transaction = release(call, transaction, source);
    }
    call.commit(transaction.remove(&keys::tags(&call.region, id)))?;
    Ok(Done)
}
