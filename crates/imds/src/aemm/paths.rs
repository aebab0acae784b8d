//! The mock's values and the paths where it serves them.

use imds_core::Invalid;
use imds_core::extra::{Extra, ExtraPath};
use imds_core::network::Mac;
use serde_json::Value;

use super::file::MockFile;

/// Values that replace metadata, unless they are settings of the instance, with their default paths. Source: `pkg/config/defaults/aemm-metadata-default-values.json`, v1.13.0.
#[rustfmt::skip]
const PATHS: &[(&str, &str)] = &[
    ("metadata.values.ami-id", "meta-data/ami-id"),
    ("metadata.values.ami-launch-index", "meta-data/ami-launch-index"),
    ("metadata.values.ami-manifest-path", "meta-data/ami-manifest-path"),
    ("metadata.values.block-device-mapping-ami", "meta-data/block-device-mapping/ami"),
    ("metadata.values.block-device-mapping-ebs", "meta-data/block-device-mapping/ebs0"),
    ("metadata.values.block-device-mapping-ephemeral", "meta-data/block-device-mapping/ephemeral0"),
    ("metadata.values.block-device-mapping-root", "meta-data/block-device-mapping/root"),
    ("metadata.values.block-device-mapping-swap", "meta-data/block-device-mapping/swap"),
    ("metadata.values.elastic-inference-accelerator", "meta-data/elastic-inference/associations/eia-bfa21c7904f64a82a21b9f4540169ce1"),
    ("metadata.values.hostname", "meta-data/hostname"),
    ("metadata.values.iam-info", "meta-data/iam/info"),
    ("metadata.values.instance-action", "meta-data/instance-action"),
    ("metadata.values.instance-id", "meta-data/instance-id"),
    ("metadata.values.instance-life-cycle", "meta-data/instance-life-cycle"),
    ("metadata.values.instance-type", "meta-data/instance-type"),
    ("metadata.values.kernel-id", "meta-data/kernel-id"),
    ("metadata.values.local-hostname", "meta-data/local-hostname"),
    ("metadata.values.local-ipv4", "meta-data/local-ipv4"),
    ("metadata.values.mac", "meta-data/mac"),
    ("metadata.values.mac-device-number", "meta-data/network/interfaces/macs/{mac}/device-number"),
    ("metadata.values.mac-ipv4-associations", "meta-data/network/interfaces/macs/{mac}/ipv4-associations/{address}"),
    ("metadata.values.mac-ipv6-associations", "meta-data/network/interfaces/macs/{mac}/ipv6s"),
    ("metadata.values.mac-local-hostname", "meta-data/network/interfaces/macs/{mac}/local-hostname"),
    ("metadata.values.mac-local-ipv4s", "meta-data/network/interfaces/macs/{mac}/local-ipv4s"),
    ("metadata.values.mac-mac", "meta-data/network/interfaces/macs/{mac}/mac"),
    ("metadata.values.mac-network-interface-card-index", "meta-data/network/interfaces/macs/{mac}/network-card-index"),
    ("metadata.values.mac-network-interface-id", "meta-data/network/interfaces/macs/{mac}/interface-id"),
    ("metadata.values.mac-owner-id", "meta-data/network/interfaces/macs/{mac}/owner-id"),
    ("metadata.values.mac-public-hostname", "meta-data/network/interfaces/macs/{mac}/public-hostname"),
    ("metadata.values.mac-public-ipv4s", "meta-data/network/interfaces/macs/{mac}/public-ipv4s"),
    ("metadata.values.mac-security-group-ids", "meta-data/network/interfaces/macs/{mac}/security-group-ids"),
    ("metadata.values.mac-security-groups", "meta-data/network/interfaces/macs/{mac}/security-groups"),
    ("metadata.values.mac-subnet-id", "meta-data/network/interfaces/macs/{mac}/subnet-id"),
    ("metadata.values.mac-subnet-ipv4-cidr-block", "meta-data/network/interfaces/macs/{mac}/subnet-ipv4-cidr-block"),
    ("metadata.values.mac-subnet-ipv6-cidr-blocks", "meta-data/network/interfaces/macs/{mac}/subnet-ipv6-cidr-blocks"),
    ("metadata.values.mac-vpc-id", "meta-data/network/interfaces/macs/{mac}/vpc-id"),
    ("metadata.values.mac-vpc-ipv4-cidr-block", "meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-block"),
    ("metadata.values.mac-vpc-ipv4-cidr-blocks", "meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-blocks"),
    ("metadata.values.mac-vpc-ipv6-cidr-blocks", "meta-data/network/interfaces/macs/{mac}/vpc-ipv6-cidr-blocks"),
    ("metadata.values.placement-availability-zone", "meta-data/placement/availability-zone"),
    ("metadata.values.placement-availability-zone-id", "meta-data/placement/availability-zone-id"),
    ("metadata.values.placement-group-name", "meta-data/placement/group-name"),
    ("metadata.values.placement-host-id", "meta-data/placement/host-id"),
    ("metadata.values.placement-partition-number", "meta-data/placement/partition-number"),
    ("metadata.values.placement-region", "meta-data/placement/region"),
    ("metadata.values.product-codes", "meta-data/product-codes"),
    ("metadata.values.public-hostname", "meta-data/public-hostname"),
    ("metadata.values.public-ipv4", "meta-data/public-ipv4"),
    ("metadata.values.public-key", "meta-data/public-keys/0/openssh-key"),
    ("metadata.values.ramdisk-id", "meta-data/ramdisk-id"),
    ("metadata.values.reservation-id", "meta-data/reservation-id"),
    ("metadata.values.security-groups", "meta-data/security-groups"),
    ("metadata.values.services-domain", "meta-data/services/domain"),
    ("metadata.values.services-partition", "meta-data/services/partition"),
    ("metadata.values.tags-instance-name", "meta-data/tags/instance/Name"),
    ("metadata.values.tags-instance-test", "meta-data/tags/instance/Test"),
    ("dynamic.values.fws-instance-monitoring", "dynamic/fws/instance-monitoring"),
];

/// The MAC address and the public address in the mock's default paths.
const MAC: &str = "0e:49:61:0f:c3:11";
const ADDRESS: &str = "192.0.2.54";

/// Keys of paths whose values are derived: lists, events, credentials, signatures.
#[rustfmt::skip]
const DERIVED: &[(&str, &str)] = &[
    ("dynamic.paths.instance-identity-document", "dynamic/instance-identity/document"),
    ("dynamic.paths.instance-identity-pkcs", "dynamic/instance-identity/pkcs7"),
    ("dynamic.paths.instance-identity-signature", "dynamic/instance-identity/signature"),
    ("metadata.paths.elastic-inference-associations", "meta-data/elastic-inference/associations"),
    ("metadata.paths.events", "meta-data/events/maintenance/scheduled"),
    ("metadata.paths.iam-security-credentials", "meta-data/iam/security-credentials/baskinc-role"),
    ("metadata.paths.iam-security-credentials-role", "meta-data/iam/security-credentials"),
    ("metadata.paths.rebalance-rec-time", "meta-data/events/recommendations/rebalance"),
    ("metadata.paths.spot", "meta-data/spot/instance-action"),
    ("metadata.paths.spot-termination-time", "meta-data/spot/termination-time"),
    ("metadata.paths.target-lifecycle-state", "meta-data/autoscaling/target-lifecycle-state"),
];

/// Takes the remaining values, each with its path: the file's or the default one.
pub(super) fn of(file: &mut MockFile, mac: Option<Mac>) -> Result<Vec<Extra>, String> {
    let mac = mac.map_or_else(|| MAC.to_owned(), |mac| mac.to_string());
    let mut extra = Vec::new();
    for (value, default) in PATHS {
        let path_key = value.replacen(".values.", ".paths.", 1);
        let default = default.replace("{mac}", &mac).replace("{address}", ADDRESS);
        file.take_default(&path_key, &format!("/latest/{default}"));
        let Some(text) = file.text(value) else { continue };
        let text = match file.take(value) {
            Some(document @ Value::Object(_)) => format!("{document:#}"),
            _ => text,
        };
        let path = file.parse::<String>(&path_key)?.unwrap_or(default);
        let path = path.strip_prefix("/latest/").unwrap_or(&path);
        let path: ExtraPath =
            path.parse().map_err(|error: Invalid| format!("{path_key}: {error}"))?;
        extra.push(Extra { path, value: text.into_bytes() });
    }
    for (key, path) in DERIVED {
        file.take_default(key, &format!("/latest/{path}"));
    }
    file.take("metadata.values.elastic-inference-associations");
    Ok(extra)
}
