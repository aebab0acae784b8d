//! `DescribeInstanceTypes`: what follows from a type, above all its hypervisor, and with it the front
//! end that answers its metadata requests.

use imds_account::records::Tags;
use imds_core::{FrontEnd, InstanceType};
use imds_ec2::types::{
    DescribeInstanceTypesRequest, DescribeInstanceTypesResult, InstanceTypeInfo, MemoryInfo,
    NetworkInfo, ProcessorInfo, VCpuInfo,
};
use imds_ec2::{Fault, INSTANCE_TYPES};

pub(super) mod offerings;

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::page::Page;

/// Common types: name, vCPUs, MiB of memory, network interfaces, addresses on each. Of the others nothing but
/// hypervisor and architecture is known. Source: EC2 User
/// Guide, "Amazon EC2 instance types".
const TYPES: [(&str, i32, i64, i32, i32); 34] = [
    ("a1.large", 2, 4096, 3, 10),
    ("c4.large", 2, 3840, 3, 10),
    ("c5.large", 2, 4096, 3, 10),
    ("c5.xlarge", 4, 8192, 4, 15),
    ("c6g.large", 2, 4096, 3, 10),
    ("c6i.large", 2, 4096, 3, 10),
    ("c7g.large", 2, 4096, 3, 10),
    ("c7i.large", 2, 4096, 3, 10),
    ("i3.large", 2, 15_616, 3, 10),
    ("m4.large", 2, 8192, 2, 10),
    ("m5.large", 2, 8192, 3, 10),
    ("m5.xlarge", 4, 16_384, 4, 15),
    ("m6g.large", 2, 8192, 3, 10),
    ("m6i.large", 2, 8192, 3, 10),
    ("m7g.large", 2, 8192, 3, 10),
    ("m7i.large", 2, 8192, 3, 10),
    ("r4.large", 2, 15_616, 3, 10),
    ("r5.large", 2, 16_384, 3, 10),
    ("r6g.large", 2, 16_384, 3, 10),
    ("r6i.large", 2, 16_384, 3, 10),
    ("t2.large", 2, 8192, 3, 12),
    ("t2.medium", 2, 4096, 3, 6),
    ("t2.micro", 1, 1024, 2, 2),
    ("t2.nano", 1, 512, 2, 2),
    ("t2.small", 1, 2048, 3, 4),
    ("t3.large", 2, 8192, 3, 12),
    ("t3.medium", 2, 4096, 3, 6),
    ("t3.micro", 2, 1024, 2, 2),
    ("t3.nano", 2, 512, 2, 2),
    ("t3.small", 2, 2048, 3, 4),
    ("t4g.large", 2, 8192, 3, 12),
    ("t4g.medium", 2, 4096, 3, 6),
    ("t4g.micro", 2, 1024, 2, 2),
    ("t4g.small", 2, 2048, 3, 4),
];

/// How many network interfaces an instance of a type can have, and how many private IPv4 addresses each of
/// them, where that is known.
pub(super) fn interface_limits(instance_type: &InstanceType) -> Option<(usize, usize)> {
    let (_, _, _, interfaces, addresses) =
        TYPES.iter().find(|(name, ..)| *name == instance_type.as_str())?;
    Some((usize::try_from(*interfaces).ok()?, usize::try_from(*addresses).ok()?))
}

/// Fails where an instance would have more interfaces than its type can.
pub(super) fn interfaces_within(
    count: usize,
    limit: usize,
    instance_type: &str,
) -> Result<(), Fault> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("Interface count {count} exceeds the limit for {instance_type}");
    Err(Fault::client("AttachmentLimitExceeded", message))
}

/// An interface would have more addresses than the type can.
pub(super) fn too_many_addresses() -> Fault {
    let message = "Number of private addresses will exceed limit.";
    Fault::client("PrivateIpAddressLimitExceeded", message)
}

/// The type with this name, if AWS's API model or the operator names it.
pub(super) fn find(call: &Call<'_>, name: &str) -> Option<InstanceType> {
    let (family, size) = name.split_once('.')?;
    let is_of_aws = INSTANCE_TYPES
        .iter()
        .any(|(known, sizes)| *known == family && sizes.split(' ').any(|it| it == size));
    let is_known = is_of_aws || call.instance_types.iter().any(|it| it.as_str() == name);
    name.parse().ok().filter(|_| is_known)
}

/// The type that a launch or a change names.
pub(super) fn for_instance(call: &Call<'_>, name: &str) -> Result<InstanceType, Fault> {
    find(call, name).ok_or_else(|| {
        if name.parse::<InstanceType>().is_ok() {
            tracing::info!(name, "an unknown instance type; the setting instance-types adds some");
        }
        Fault::invalid_parameter_value(format!("Invalid value '{name}' for InstanceType."))
    })
}

/// The types whose size is known.
pub(super) fn sized() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, ..)| *name)
}

/// How many virtual processors a type has, and how many MiB of memory, where that is known.
pub(super) fn size(name: &str) -> Option<(i32, i64)> {
    let (_, processors, memory, ..) = TYPES.iter().find(|(known, ..)| *known == name)?;
    Some((*processors, *memory))
}

/// The names of all types, in the order of the names.
fn names(call: &Call<'_>) -> Vec<String> {
    let of_aws = INSTANCE_TYPES
        .iter()
        .flat_map(|(family, sizes)| sizes.split(' ').map(move |size| format!("{family}.{size}")));
    let more = call.instance_types.iter().map(ToString::to_string);
    let mut all: Vec<_> = of_aws.chain(more).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Some of those of EC2 API `DescribeInstanceTypes`: those that look at what is answered here.
const FILTERS: &[&str] = &[
    "bare-metal",
    "burstable-performance-supported",
    "current-generation",
    "hypervisor",
    "instance-type",
    "memory-info.size-in-mib",
    "network-info.ipv6-supported",
    "processor-info.supported-architecture",
    "supported-root-device-type",
    "supported-usage-class",
    "supported-virtualization-type",
    "vcpu-info.default-vcpus",
];

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeInstanceTypesRequest,
) -> Result<DescribeInstanceTypesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=100)?;
    let mut names: Vec<&str> = request.instance_types.iter().map(String::as_str).collect();
    if names.is_empty() {
        names = sized().collect();
    }
    names.sort_unstable();
    names.dedup();
    let unknown: Vec<_> = names.iter().copied().filter(|name| find(call, name).is_none()).collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        let message = format!("The following supplied instance types do not exist: [{unknown}]");
        return Err(Fault::client("InvalidInstanceType", message).into());
    }
    let types: Vec<_> = names.into_iter().filter_map(|name| find(call, name)).collect();
    let shown = types
        .iter()
        .map(shape)
        .filter(|shape| filters.accept(&Tags::new(), |name| values(shape, name)));
    let (instance_types, next_token) =
        page.paginate(shown, |shape| shape.instance_type.as_deref().unwrap_or_default());
    Ok(DescribeInstanceTypesResult { instance_types, next_token })
}

fn shape(instance_type: &InstanceType) -> InstanceTypeInfo {
    let name = instance_type.as_str();
    let known = TYPES.iter().find(|(known, ..)| *known == name);
    let is_nitro = instance_type.front_end() == FrontEnd::Nitro;
    let is_metal = name.split_once('.').is_some_and(|(_, size)| size.starts_with("metal"));
    let text = |text: &str| Some(text.to_owned());
    InstanceTypeInfo {
        instance_type: text(name),
        current_generation: Some(is_nitro),
        supported_usage_classes: vec!["on-demand".to_owned(), "spot".to_owned()],
        supported_root_device_types: vec!["ebs".to_owned()],
        supported_virtualization_types: vec!["hvm".to_owned()],
        bare_metal: Some(is_metal),
        // None on bare metal, as EC2 has it.
        hypervisor: if is_metal { None } else { text(if is_nitro { "nitro" } else { "xen" }) },
        processor_info: Some(ProcessorInfo {
            supported_architectures: vec![instance_type.architecture().as_str().to_owned()],
            ..ProcessorInfo::default()
        }),
        v_cpu_info: known
            .map(|known| VCpuInfo { default_v_cpus: Some(known.1), ..VCpuInfo::default() }),
        memory_info: known.map(|known| MemoryInfo { size_in_mi_b: Some(known.2) }),
        network_info: Some(NetworkInfo {
            maximum_network_interfaces: known.map(|known| known.3),
            ipv4_addresses_per_interface: known.map(|known| known.4),
            ipv6_addresses_per_interface: known.map(|known| known.4),
            ipv6_supported: Some(true),
            ena_support: text(if is_nitro { "required" } else { "unsupported" }),
            ..NetworkInfo::default()
        }),
        burstable_performance_supported: Some(name.starts_with('t')),
        supported_in_region: Some(true),
        ..InstanceTypeInfo::default()
    }
}

fn values(shape: &InstanceTypeInfo, name: &str) -> Vec<String> {
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string()).into_iter().collect();
    match name {
        "bare-metal" => flag(shape.bare_metal),
        "burstable-performance-supported" => flag(shape.burstable_performance_supported),
        "current-generation" => flag(shape.current_generation),
        "hypervisor" => shape.hypervisor.iter().cloned().collect(),
        "instance-type" => shape.instance_type.iter().cloned().collect(),
        "memory-info.size-in-mib" => {
            let size = shape.memory_info.as_ref().and_then(|info| info.size_in_mi_b);
            size.map(|size| size.to_string()).into_iter().collect()
        }
        "network-info.ipv6-supported" => {
            flag(shape.network_info.as_ref().and_then(|info| info.ipv6_supported))
        }
        "processor-info.supported-architecture" => {
            let info = shape.processor_info.as_ref();
            info.map(|info| info.supported_architectures.clone()).unwrap_or_default()
        }
        "supported-root-device-type" => shape.supported_root_device_types.clone(),
        "supported-virtualization-type" => shape.supported_virtualization_types.clone(),
        "supported-usage-class" => shape.supported_usage_classes.clone(),
        "vcpu-info.default-vcpus" => {
            let count = shape.v_cpu_info.as_ref().and_then(|info| info.default_v_cpus);
            count.map(|count| count.to_string()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
