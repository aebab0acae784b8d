//! What conditions may ask of any request.

use imds_account::records::Lifecycle;
use imds_account::{Network, Overrides, Store, instance, keys};
use imds_core::response::ImdsVersion;
use imds_core::time::iso8601;
use imds_policy::Context;

use crate::principal::{Authority, Principal, SourceInstance};

/// The global condition keys of a request, and those of the instance that its credentials come from.
///
/// Sources: IAM User Guide, "AWS global condition context keys"; EC2 User Guide, "Example policies".
pub(crate) fn globals(
    store: &Store,
    network: &Network,
    principal: &Principal,
    now: u64,
) -> Context {
    let mut context = Context::default();
    let (partition, account) = (principal.region.partition().0, &network.account);
    context.set("aws:CurrentTime", iso8601(now));
    context.set("aws:EpochTime", now.to_string());
    context.set("aws:PrincipalAccount", account.as_str());
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:RequestedRegion", principal.region.as_str());
    context.set("ec2:Region", principal.region.as_str());
    context.set("aws:SecureTransport", "false");
    context.set("aws:ViaAWSService", "false");
    context.set("aws:userid", &*principal.user_id);
    if let Some(issued) = principal.issued {
        context.set("aws:TokenIssueTime", iso8601(issued));
    }
    match &principal.authority {
        Authority::Key(_) => {
            context.set("aws:PrincipalArn", &*principal.arn);
            context.set("aws:PrincipalType", "User");
        }
        Authority::Role(session) => {
            // The role, not its session.
            let arn = format!("arn:{partition}:iam::{account}:role/{}", session.role);
            context.set("aws:PrincipalArn", arn);
            context.set("aws:PrincipalType", "AssumedRole");
            if let Some(source) = &session.source {
                add_source(&mut context, store, network, source);
            }
        }
    }
    context
}

fn add_source(context: &mut Context, store: &Store, network: &Network, source: &SourceInstance) {
    let SourceInstance { id, region, delivery } = source;
    let delivery = match delivery {
        ImdsVersion::V1 => "1.0",
        ImdsVersion::V2 => "2.0",
    };
    context.set("ec2:RoleDelivery", delivery);
    let (partition, account) = (region.partition().0, &network.account);
    context.set(
        "ec2:SourceInstanceARN",
        format!("arn:{partition}:ec2:{region}:{account}:instance/{id}"),
    );
    // The rest is what the instance has at the moment, if it still exists.
    let Ok(Some(stored)) = store.read(&keys::instance(region, id.as_str())) else { return };
    if stored.record.lifecycle == Lifecycle::Terminated {
        return;
    }
    let none = imds_account::records::Tags::new();
    if let Ok(facts) = instance::instance(id, &stored.record, &none, &Overrides::default()) {
        let interface = facts.primary_interface();
        context.set("aws:Ec2InstanceSourceVpc", interface.vpc.id.to_string());
        let address = interface.ipv4.first().map(|ipv4| ipv4.address.to_string());
        context.set_all("aws:Ec2InstanceSourcePrivateIPv4", address);
    }
}
