//! The attributes of instances that the EC2 API can set and read back, by the API's names.

use imds_core::instance::HostnameType;

pub(crate) const AFFINITY: &str = "affinity";
pub(crate) const AUTO_RECOVERY: &str = "autoRecovery";
/// How it uses capacity reservations.
pub(crate) const CAPACITY_RESERVATIONS: &str = "capacityReservationPreference";
pub(crate) const CPU_CREDITS: &str = "cpuCredits";
pub(crate) const DISABLE_API_STOP: &str = "disableApiStop";
pub(crate) const DISABLE_API_TERMINATION: &str = "disableApiTermination";
pub(crate) const EBS_OPTIMIZED: &str = "ebsOptimized";
pub(crate) const ENA_SUPPORT: &str = "enaSupport";
pub(crate) const ENCLAVES: &str = "enclaveOptions";
pub(crate) const HIBERNATION: &str = "hibernationOptions";
pub(crate) const REBOOT_MIGRATION: &str = "rebootMigration";
pub(crate) const RESOURCE_NAME_A: &str = "enableResourceNameDnsARecord";
pub(crate) const RESOURCE_NAME_AAAA: &str = "enableResourceNameDnsAAAARecord";
pub(crate) const SHUTDOWN_BEHAVIOR: &str = "instanceInitiatedShutdownBehavior";
pub(crate) const SOURCE_DEST_CHECK: &str = "sourceDestCheck";
pub(crate) const SPOT_INSTANCE_TYPE: &str = "spotInstanceType";
pub(crate) const SRIOV_NET_SUPPORT: &str = "sriovNetSupport";
pub(crate) const TENANCY: &str = "tenancy";

/// A hostname type as the EC2 API writes it.
pub(crate) fn hostname_type(kind: HostnameType) -> &'static str {
    match kind {
        HostnameType::IpName => "ip-name",
        HostnameType::ResourceName => "resource-name",
    }
}
