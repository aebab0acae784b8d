//! Serialization of values that are parsed from text: as that text.

/// Implements `Serialize` by `Display` and `Deserialize` by `FromStr`, so that a stored value is checked
/// by the same rule as one on the command line.
macro_rules! serialized_as_text {
    ($($name:ty),+ $(,)?) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

serialized_as_text!(
    crate::events::MaintenanceCode,
    crate::events::OsUser,
    crate::events::SpotAction,
    crate::events::TargetState,
    crate::ids::AccountId,
    crate::ids::Fingerprint,
    crate::ids::HostId,
    crate::ids::ImageId,
    crate::ids::InstanceId,
    crate::ids::KernelId,
    crate::ids::PlacementGroupId,
    crate::ids::RamdiskId,
    crate::ids::ReservationId,
    crate::ids::InterfaceId,
    crate::ids::SecurityGroupId,
    crate::ids::SubnetId,
    crate::image::WellKnownImage,
    crate::instance::LifeCycle,
    crate::instance_type::InstanceType,
    crate::network::Ipv4Cidr,
    crate::network::Ipv6Cidr,
    crate::network::Mac,
    crate::options::HopLimit,
    crate::options::HttpTokens,
    crate::options::Switch,
    crate::placement::Region,
    crate::placement::Zone,
);
