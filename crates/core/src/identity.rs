//! The instance identity document.

use crate::credentials::{object, string};
use crate::instance::Instance;
use crate::time::iso8601;

/// The document's own version, as seen on instances since 2017.
const VERSION: &str = "2017-09-30";

/// `dynamic/instance-identity/document`: JSON in the layout that captures show, which verifiers
/// hash byte by byte.
pub fn document(instance: &Instance) -> String {
    let null = || "null".to_owned();
    object(&[
        ("accountId", string(instance.account.as_str())),
        ("architecture", string(instance.instance_type.architecture())),
        ("availabilityZone", string(instance.zone.as_str())),
        ("billingProducts", null()),
        ("devpayProductCodes", null()),
        ("marketplaceProductCodes", null()),
        ("imageId", string(instance.image.id.as_str())),
        ("instanceId", string(instance.id.as_str())),
        ("instanceType", string(instance.instance_type.as_str())),
        ("kernelId", null()),
        ("pendingTime", string(&iso8601(instance.launched_at))),
        ("privateIp", string(&instance.interface.private_ipv4.to_string())),
        ("ramdiskId", null()),
        ("region", string(instance.zone.region().as_str())),
        ("version", string(VERSION)),
    ])
}
