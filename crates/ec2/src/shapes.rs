//! What operations are asked and what they answer: a table per structure of EC2's API model.
//!
//! Made by `cargo xtask codegen` from `model/ec2.json`; not to be edited.
//!
//! `input` structures are read from parameters, `output` structures are written as XML, and those
//! that are both have two names per member. A request without a member that is no `Option` is at fault,
//! and so is one without an element for a `one_or_more` list; an `always` list is written even if it
//! is empty.

use crate::shape::{Done, both, input, operations, output};
use crate::value::{Blob, Sensitive, Timestamp};

operations! {
    AssociateIamInstanceProfile(AssociateIamInstanceProfileRequest) -> AssociateIamInstanceProfileResult,
    CreateLaunchTemplate(CreateLaunchTemplateRequest) -> CreateLaunchTemplateResult (dry_run),
    CreateLaunchTemplateVersion(CreateLaunchTemplateVersionRequest) -> CreateLaunchTemplateVersionResult (dry_run),
    CreateTags(CreateTagsRequest) -> Done (dry_run),
    DeleteKeyPair(DeleteKeyPairRequest) -> DeleteKeyPairResult (dry_run),
    DeleteLaunchTemplate(DeleteLaunchTemplateRequest) -> DeleteLaunchTemplateResult (dry_run),
    DeleteLaunchTemplateVersions(DeleteLaunchTemplateVersionsRequest) -> DeleteLaunchTemplateVersionsResult (dry_run),
    DeleteTags(DeleteTagsRequest) -> Done (dry_run),
    DeregisterImage(DeregisterImageRequest) -> DeregisterImageResult (dry_run),
    DescribeAvailabilityZones(DescribeAvailabilityZonesRequest) -> DescribeAvailabilityZonesResult (dry_run),
    DescribeIamInstanceProfileAssociations(DescribeIamInstanceProfileAssociationsRequest) -> DescribeIamInstanceProfileAssociationsResult,
    DescribeImageAttribute(DescribeImageAttributeRequest) -> ImageAttribute (dry_run),
    DescribeImages(DescribeImagesRequest) -> DescribeImagesResult (dry_run),
    DescribeInstanceAttribute(DescribeInstanceAttributeRequest) -> InstanceAttribute (dry_run),
    DescribeInstanceStatus(DescribeInstanceStatusRequest) -> DescribeInstanceStatusResult (dry_run),
    DescribeInstanceTypes(DescribeInstanceTypesRequest) -> DescribeInstanceTypesResult (dry_run),
    DescribeInstances(DescribeInstancesRequest) -> DescribeInstancesResult (dry_run),
    DescribeKeyPairs(DescribeKeyPairsRequest) -> DescribeKeyPairsResult (dry_run),
    DescribeLaunchTemplateVersions(DescribeLaunchTemplateVersionsRequest) -> DescribeLaunchTemplateVersionsResult (dry_run),
    DescribeLaunchTemplates(DescribeLaunchTemplatesRequest) -> DescribeLaunchTemplatesResult (dry_run),
    DescribeRegions(DescribeRegionsRequest) -> DescribeRegionsResult (dry_run),
    DescribeSecurityGroups(DescribeSecurityGroupsRequest) -> DescribeSecurityGroupsResult (dry_run),
    DescribeSubnets(DescribeSubnetsRequest) -> DescribeSubnetsResult (dry_run),
    DescribeTags(DescribeTagsRequest) -> DescribeTagsResult (dry_run),
    DescribeVpcs(DescribeVpcsRequest) -> DescribeVpcsResult (dry_run),
    DisassociateIamInstanceProfile(DisassociateIamInstanceProfileRequest) -> DisassociateIamInstanceProfileResult,
    GetInstanceMetadataDefaults(GetInstanceMetadataDefaultsRequest) -> GetInstanceMetadataDefaultsResult (dry_run),
    GetLaunchTemplateData(GetLaunchTemplateDataRequest) -> GetLaunchTemplateDataResult (dry_run),
    ImportKeyPair(ImportKeyPairRequest) -> ImportKeyPairResult (dry_run),
    ModifyImageAttribute(ModifyImageAttributeRequest) -> Done (dry_run),
    ModifyInstanceAttribute(ModifyInstanceAttributeRequest) -> Done (dry_run),
    ModifyInstanceMetadataDefaults(ModifyInstanceMetadataDefaultsRequest) -> ModifyInstanceMetadataDefaultsResult (dry_run),
    ModifyInstanceMetadataOptions(ModifyInstanceMetadataOptionsRequest) -> ModifyInstanceMetadataOptionsResult (dry_run),
    ModifyLaunchTemplate(ModifyLaunchTemplateRequest) -> ModifyLaunchTemplateResult (dry_run),
    RebootInstances(RebootInstancesRequest) -> Done (dry_run),
    RegisterImage(RegisterImageRequest) -> RegisterImageResult (dry_run),
    ReplaceIamInstanceProfileAssociation(ReplaceIamInstanceProfileAssociationRequest) -> ReplaceIamInstanceProfileAssociationResult,
    RunInstances(RunInstancesRequest) -> Reservation (dry_run),
    StartInstances(StartInstancesRequest) -> StartInstancesResult (dry_run),
    StopInstances(StopInstancesRequest) -> StopInstancesResult (dry_run),
    TerminateInstances(TerminateInstancesRequest) -> TerminateInstancesResult (dry_run),
}

output! {
    AcceleratorCount {
        min: Option<i32> = "min",
        max: Option<i32> = "max",
    }
}

input! {
    AcceleratorCountRequest {
        min: Option<i32> = "Min",
        max: Option<i32> = "Max",
    }
}

output! {
    AcceleratorTotalMemoryMiB {
        min: Option<i32> = "min",
        max: Option<i32> = "max",
    }
}

input! {
    AcceleratorTotalMemoryMiBRequest {
        min: Option<i32> = "Min",
        max: Option<i32> = "Max",
    }
}

input! {
    AssociateIamInstanceProfileRequest {
        iam_instance_profile: IamInstanceProfileSpecification = "IamInstanceProfile",
        instance_id: String = "InstanceId",
    }
}

output! {
    AssociateIamInstanceProfileResult {
        iam_instance_profile_association: Option<IamInstanceProfileAssociation> = "iamInstanceProfileAssociation",
    }
}

both! {
    AttributeBooleanValue {
        value: Option<bool> = "Value" / "value",
    }
}

both! {
    AttributeValue {
        value: Option<String> = "Value" / "value",
    }
}

output! {
    AvailabilityZone {
        opt_in_status: Option<String> = "optInStatus",
        messages: Vec<AvailabilityZoneMessage> = "messageSet" (always),
        region_name: Option<String> = "regionName",
        zone_name: Option<String> = "zoneName",
        zone_id: Option<String> = "zoneId",
        group_name: Option<String> = "groupName",
        network_border_group: Option<String> = "networkBorderGroup",
        zone_type: Option<String> = "zoneType",
        parent_zone_name: Option<String> = "parentZoneName",
        parent_zone_id: Option<String> = "parentZoneId",
        group_long_name: Option<String> = "groupLongName",
        geography: Vec<AvailabilityZoneGeography> = "geographySet",
        sub_geography: Vec<AvailabilityZoneSubGeography> = "subGeographySet",
        state: Option<String> = "zoneState",
    }
}

output! {
    AvailabilityZoneGeography {
        name: Option<String> = "name",
    }
}

output! {
    AvailabilityZoneMessage {
        message: Option<String> = "message",
    }
}

output! {
    AvailabilityZoneSubGeography {
        name: Option<String> = "name",
    }
}

output! {
    BaselineEbsBandwidthMbps {
        min: Option<i32> = "min",
        max: Option<i32> = "max",
    }
}

input! {
    BaselineEbsBandwidthMbpsRequest {
        min: Option<i32> = "Min",
        max: Option<i32> = "Max",
    }
}

output! {
    BaselinePerformanceFactors {
        cpu: Option<CpuPerformanceFactor> = "cpu",
    }
}

input! {
    BaselinePerformanceFactorsRequest {
        cpu: Option<CpuPerformanceFactorRequest> = "Cpu",
    }
}

input! {
    BlobAttributeValue {
        value: Option<Blob> = "Value",
    }
}

both! {
    BlockDeviceMapping {
        ebs: Option<EbsBlockDevice> = "Ebs" / "ebs",
        no_device: Option<String> = "NoDevice" / "noDevice",
        device_name: Option<String> = "DeviceName" / "deviceName",
        virtual_name: Option<String> = "VirtualName" / "virtualName",
    }
}

output! {
    BlockPublicAccessStates {
        internet_gateway_block_mode: Option<String> = "internetGatewayBlockMode",
    }
}

input! {
    CapacityReservationSpecification {
        capacity_reservation_preference: Option<String> = "CapacityReservationPreference",
        capacity_reservation_target: Option<CapacityReservationTarget> = "CapacityReservationTarget",
    }
}

output! {
    CapacityReservationSpecificationResponse {
        capacity_reservation_preference: Option<String> = "capacityReservationPreference",
        capacity_reservation_target: Option<CapacityReservationTargetResponse> = "capacityReservationTarget",
    }
}

input! {
    CapacityReservationTarget {
        capacity_reservation_id: Option<String> = "CapacityReservationId",
        capacity_reservation_resource_group_arn: Option<String> = "CapacityReservationResourceGroupArn",
    }
}

output! {
    CapacityReservationTargetResponse {
        capacity_reservation_id: Option<String> = "capacityReservationId",
        capacity_reservation_resource_group_arn: Option<String> = "capacityReservationResourceGroupArn",
    }
}

output! {
    ConnectionTrackingSpecification {
        tcp_established_timeout: Option<i32> = "tcpEstablishedTimeout",
        udp_timeout: Option<i32> = "udpTimeout",
        udp_stream_timeout: Option<i32> = "udpStreamTimeout",
    }
}

input! {
    ConnectionTrackingSpecificationRequest {
        tcp_established_timeout: Option<i32> = "TcpEstablishedTimeout",
        udp_stream_timeout: Option<i32> = "UdpStreamTimeout",
        udp_timeout: Option<i32> = "UdpTimeout",
    }
}

output! {
    ConnectionTrackingSpecificationResponse {
        tcp_established_timeout: Option<i32> = "tcpEstablishedTimeout",
        udp_stream_timeout: Option<i32> = "udpStreamTimeout",
        udp_timeout: Option<i32> = "udpTimeout",
    }
}

output! {
    CpuOptions {
        core_count: Option<i32> = "coreCount",
        threads_per_core: Option<i32> = "threadsPerCore",
        amd_sev_snp: Option<String> = "amdSevSnp",
        nested_virtualization: Option<String> = "nestedVirtualization",
    }
}

input! {
    CpuOptionsRequest {
        core_count: Option<i32> = "CoreCount",
        threads_per_core: Option<i32> = "ThreadsPerCore",
        amd_sev_snp: Option<String> = "AmdSevSnp",
        nested_virtualization: Option<String> = "NestedVirtualization",
    }
}

output! {
    CpuPerformanceFactor {
        references: Vec<PerformanceFactorReference> = "referenceSet",
    }
}

input! {
    CpuPerformanceFactorRequest {
        references: Vec<PerformanceFactorReferenceRequest> = "Reference",
    }
}

input! {
    CreateLaunchTemplateRequest {
        dry_run: Option<bool> = "DryRun",
        client_token: Option<String> = "ClientToken",
        launch_template_name: String = "LaunchTemplateName",
        version_description: Option<String> = "VersionDescription",
        launch_template_data: RequestLaunchTemplateData = "LaunchTemplateData",
        operator: Option<OperatorRequest> = "Operator",
        tag_specifications: Vec<TagSpecification> = "TagSpecification",
    }
}

output! {
    CreateLaunchTemplateResult {
        launch_template: Option<LaunchTemplate> = "launchTemplate",
        warning: Option<ValidationWarning> = "warning",
    }
}

input! {
    CreateLaunchTemplateVersionRequest {
        dry_run: Option<bool> = "DryRun",
        client_token: Option<String> = "ClientToken",
        launch_template_id: Option<String> = "LaunchTemplateId",
        launch_template_name: Option<String> = "LaunchTemplateName",
        source_version: Option<String> = "SourceVersion",
        version_description: Option<String> = "VersionDescription",
        launch_template_data: RequestLaunchTemplateData = "LaunchTemplateData",
        resolve_alias: Option<bool> = "ResolveAlias",
    }
}

output! {
    CreateLaunchTemplateVersionResult {
        launch_template_version: Option<LaunchTemplateVersion> = "launchTemplateVersion",
        warning: Option<ValidationWarning> = "warning",
    }
}

input! {
    CreateTagsRequest {
        dry_run: Option<bool> = "DryRun",
        resources: Vec<String> = "ResourceId" (one_or_more),
        tags: Vec<Tag> = "Tag" (one_or_more),
    }
}

output! {
    CreditSpecification {
        cpu_credits: Option<String> = "cpuCredits",
    }
}

input! {
    CreditSpecificationRequest {
        cpu_credits: String = "CpuCredits",
    }
}

output! {
    DefaultConnectionTrackingConfiguration {
        default_tcp_established_timeout: Option<i32> = "defaultTcpEstablishedTimeout",
        default_udp_timeout: Option<i32> = "defaultUdpTimeout",
        default_udp_stream_timeout: Option<i32> = "defaultUdpStreamTimeout",
    }
}

input! {
    DeleteKeyPairRequest {
        key_name: Option<String> = "KeyName",
        key_pair_id: Option<String> = "KeyPairId",
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    DeleteKeyPairResult {
        return_: Option<bool> = "return",
        key_pair_id: Option<String> = "keyPairId",
    }
}

input! {
    DeleteLaunchTemplateRequest {
        dry_run: Option<bool> = "DryRun",
        launch_template_id: Option<String> = "LaunchTemplateId",
        launch_template_name: Option<String> = "LaunchTemplateName",
    }
}

output! {
    DeleteLaunchTemplateResult {
        launch_template: Option<LaunchTemplate> = "launchTemplate",
    }
}

input! {
    DeleteLaunchTemplateVersionsRequest {
        dry_run: Option<bool> = "DryRun",
        launch_template_id: Option<String> = "LaunchTemplateId",
        launch_template_name: Option<String> = "LaunchTemplateName",
        versions: Vec<String> = "LaunchTemplateVersion" (one_or_more),
    }
}

output! {
    DeleteLaunchTemplateVersionsResponseErrorItem {
        launch_template_id: Option<String> = "launchTemplateId",
        launch_template_name: Option<String> = "launchTemplateName",
        version_number: Option<i64> = "versionNumber",
        response_error: Option<ResponseError> = "responseError",
    }
}

output! {
    DeleteLaunchTemplateVersionsResponseSuccessItem {
        launch_template_id: Option<String> = "launchTemplateId",
        launch_template_name: Option<String> = "launchTemplateName",
        version_number: Option<i64> = "versionNumber",
    }
}

output! {
    DeleteLaunchTemplateVersionsResult {
        successfully_deleted_launch_template_versions: Vec<DeleteLaunchTemplateVersionsResponseSuccessItem> = "successfullyDeletedLaunchTemplateVersionSet" (always),
        unsuccessfully_deleted_launch_template_versions: Vec<DeleteLaunchTemplateVersionsResponseErrorItem> = "unsuccessfullyDeletedLaunchTemplateVersionSet" (always),
    }
}

output! {
    DeleteSnapshotReturnCode {
        snapshot_id: Option<String> = "snapshotId",
        return_code: Option<String> = "returnCode",
    }
}

input! {
    DeleteTagsRequest {
        dry_run: Option<bool> = "DryRun",
        resources: Vec<String> = "ResourceId" (one_or_more),
        tags: Vec<Tag> = "Tag",
    }
}

input! {
    DeregisterImageRequest {
        image_id: String = "ImageId",
        delete_associated_snapshots: Option<bool> = "DeleteAssociatedSnapshots",
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    DeregisterImageResult {
        return_: Option<bool> = "return",
        delete_snapshot_results: Vec<DeleteSnapshotReturnCode> = "deleteSnapshotResultSet" (always),
    }
}

input! {
    DescribeAvailabilityZonesRequest {
        zone_names: Vec<String> = "ZoneName",
        zone_ids: Vec<String> = "ZoneId",
        all_availability_zones: Option<bool> = "AllAvailabilityZones",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
    }
}

output! {
    DescribeAvailabilityZonesResult {
        availability_zones: Vec<AvailabilityZone> = "availabilityZoneInfo" (always),
    }
}

input! {
    DescribeIamInstanceProfileAssociationsRequest {
        association_ids: Vec<String> = "AssociationId",
        filters: Vec<Filter> = "Filter",
        max_results: Option<i32> = "MaxResults",
        next_token: Option<String> = "NextToken",
    }
}

output! {
    DescribeIamInstanceProfileAssociationsResult {
        iam_instance_profile_associations: Vec<IamInstanceProfileAssociation> = "iamInstanceProfileAssociationSet" (always),
        next_token: Option<String> = "nextToken",
    }
}

input! {
    DescribeImageAttributeRequest {
        attribute: String = "Attribute",
        image_id: String = "ImageId",
        dry_run: Option<bool> = "DryRun",
    }
}

input! {
    DescribeImagesRequest {
        executable_users: Vec<String> = "ExecutableBy",
        image_ids: Vec<String> = "ImageId",
        owners: Vec<String> = "Owner",
        include_deprecated: Option<bool> = "IncludeDeprecated",
        include_disabled: Option<bool> = "IncludeDisabled",
        max_results: Option<i32> = "MaxResults",
        next_token: Option<String> = "NextToken",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
    }
}

output! {
    DescribeImagesResult {
        next_token: Option<String> = "nextToken",
        images: Vec<Image> = "imagesSet" (always),
    }
}

input! {
    DescribeInstanceAttributeRequest {
        dry_run: Option<bool> = "DryRun",
        instance_id: String = "InstanceId",
        attribute: String = "Attribute",
    }
}

input! {
    DescribeInstanceStatusRequest {
        instance_ids: Vec<String> = "InstanceId",
        max_results: Option<i32> = "MaxResults",
        next_token: Option<String> = "NextToken",
        include_managed_resources: Option<bool> = "IncludeManagedResources",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
        include_all_instances: Option<bool> = "IncludeAllInstances",
    }
}

output! {
    DescribeInstanceStatusResult {
        instance_statuses: Vec<InstanceStatus> = "instanceStatusSet" (always),
        next_token: Option<String> = "nextToken",
    }
}

input! {
    DescribeInstanceTypesRequest {
        dry_run: Option<bool> = "DryRun",
        instance_types: Vec<String> = "InstanceType",
        filters: Vec<Filter> = "Filter",
        max_results: Option<i32> = "MaxResults",
        next_token: Option<String> = "NextToken",
        include_unsupported_in_region: Option<bool> = "IncludeUnsupportedInRegion",
    }
}

output! {
    DescribeInstanceTypesResult {
        instance_types: Vec<InstanceTypeInfo> = "instanceTypeSet" (always),
        next_token: Option<String> = "nextToken",
    }
}

input! {
    DescribeInstancesRequest {
        instance_ids: Vec<String> = "InstanceId",
        include_managed_resources: Option<bool> = "IncludeManagedResources",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
        next_token: Option<String> = "NextToken",
        max_results: Option<i32> = "MaxResults",
    }
}

output! {
    DescribeInstancesResult {
        next_token: Option<String> = "nextToken",
        reservations: Vec<Reservation> = "reservationSet" (always),
    }
}

input! {
    DescribeKeyPairsRequest {
        key_names: Vec<String> = "KeyName",
        key_pair_ids: Vec<String> = "KeyPairId",
        include_public_key: Option<bool> = "IncludePublicKey",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
    }
}

output! {
    DescribeKeyPairsResult {
        key_pairs: Vec<KeyPairInfo> = "keySet" (always),
    }
}

input! {
    DescribeLaunchTemplateVersionsRequest {
        dry_run: Option<bool> = "DryRun",
        launch_template_id: Option<String> = "LaunchTemplateId",
        launch_template_name: Option<String> = "LaunchTemplateName",
        versions: Vec<String> = "LaunchTemplateVersion",
        min_version: Option<String> = "MinVersion",
        max_version: Option<String> = "MaxVersion",
        next_token: Option<String> = "NextToken",
        max_results: Option<i32> = "MaxResults",
        filters: Vec<Filter> = "Filter",
        resolve_alias: Option<bool> = "ResolveAlias",
        include_managed_resources: Option<bool> = "IncludeManagedResources",
    }
}

output! {
    DescribeLaunchTemplateVersionsResult {
        launch_template_versions: Vec<LaunchTemplateVersion> = "launchTemplateVersionSet" (always),
        next_token: Option<String> = "nextToken",
    }
}

input! {
    DescribeLaunchTemplatesRequest {
        dry_run: Option<bool> = "DryRun",
        launch_template_ids: Vec<String> = "LaunchTemplateId",
        launch_template_names: Vec<String> = "LaunchTemplateName",
        filters: Vec<Filter> = "Filter",
        next_token: Option<String> = "NextToken",
        max_results: Option<i32> = "MaxResults",
        include_managed_resources: Option<bool> = "IncludeManagedResources",
    }
}

output! {
    DescribeLaunchTemplatesResult {
        launch_templates: Vec<LaunchTemplate> = "launchTemplates" (always),
        next_token: Option<String> = "nextToken",
    }
}

input! {
    DescribeRegionsRequest {
        region_names: Vec<String> = "RegionName",
        all_regions: Option<bool> = "AllRegions",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
    }
}

output! {
    DescribeRegionsResult {
        regions: Vec<Region> = "regionInfo" (always),
    }
}

input! {
    DescribeSecurityGroupsRequest {
        group_ids: Vec<String> = "GroupId",
        group_names: Vec<String> = "GroupName",
        next_token: Option<String> = "NextToken",
        max_results: Option<i32> = "MaxResults",
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
    }
}

output! {
    DescribeSecurityGroupsResult {
        next_token: Option<String> = "nextToken",
        security_groups: Vec<SecurityGroup> = "securityGroupInfo" (always),
    }
}

input! {
    DescribeSubnetsRequest {
        filters: Vec<Filter> = "Filter",
        subnet_ids: Vec<String> = "SubnetId",
        next_token: Option<String> = "NextToken",
        max_results: Option<i32> = "MaxResults",
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    DescribeSubnetsResult {
        next_token: Option<String> = "nextToken",
        subnets: Vec<Subnet> = "subnetSet" (always),
    }
}

input! {
    DescribeTagsRequest {
        dry_run: Option<bool> = "DryRun",
        filters: Vec<Filter> = "Filter",
        max_results: Option<i32> = "MaxResults",
        next_token: Option<String> = "NextToken",
    }
}

output! {
    DescribeTagsResult {
        next_token: Option<String> = "nextToken",
        tags: Vec<TagDescription> = "tagSet" (always),
    }
}

input! {
    DescribeVpcsRequest {
        filters: Vec<Filter> = "Filter",
        vpc_ids: Vec<String> = "VpcId",
        next_token: Option<String> = "NextToken",
        max_results: Option<i32> = "MaxResults",
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    DescribeVpcsResult {
        next_token: Option<String> = "nextToken",
        vpcs: Vec<Vpc> = "vpcSet" (always),
    }
}

input! {
    DisassociateIamInstanceProfileRequest {
        association_id: String = "AssociationId",
    }
}

output! {
    DisassociateIamInstanceProfileResult {
        iam_instance_profile_association: Option<IamInstanceProfileAssociation> = "iamInstanceProfileAssociation",
    }
}

output! {
    DiskInfo {
        size_in_gb: Option<i64> = "sizeInGB",
        count: Option<i32> = "count",
        type_: Option<String> = "type",
    }
}

both! {
    EbsBlockDevice {
        delete_on_termination: Option<bool> = "DeleteOnTermination" / "deleteOnTermination",
        iops: Option<i32> = "Iops" / "iops",
        snapshot_id: Option<String> = "SnapshotId" / "snapshotId",
        volume_size: Option<i32> = "VolumeSize" / "volumeSize",
        volume_type: Option<String> = "VolumeType" / "volumeType",
        kms_key_id: Option<String> = "KmsKeyId" / "kmsKeyId",
        throughput: Option<i32> = "Throughput" / "throughput",
        outpost_arn: Option<String> = "OutpostArn" / "outpostArn",
        availability_zone: Option<String> = "AvailabilityZone" / "availabilityZone",
        encrypted: Option<bool> = "Encrypted" / "encrypted",
        volume_initialization_rate: Option<i32> = "VolumeInitializationRate" / "VolumeInitializationRate",
        availability_zone_id: Option<String> = "AvailabilityZoneId" / "AvailabilityZoneId",
        ebs_card_index: Option<i32> = "EbsCardIndex" / "EbsCardIndex",
    }
}

output! {
    EbsCardInfo {
        ebs_card_index: Option<i32> = "ebsCardIndex",
        baseline_bandwidth_in_mbps: Option<i32> = "baselineBandwidthInMbps",
        baseline_throughput_in_m_bps: Option<f64> = "baselineThroughputInMBps",
        baseline_iops: Option<i32> = "baselineIops",
        maximum_bandwidth_in_mbps: Option<i32> = "maximumBandwidthInMbps",
        maximum_throughput_in_m_bps: Option<f64> = "maximumThroughputInMBps",
        maximum_iops: Option<i32> = "maximumIops",
    }
}

output! {
    EbsInfo {
        ebs_optimized_support: Option<String> = "ebsOptimizedSupport",
        encryption_support: Option<String> = "encryptionSupport",
        ebs_optimized_info: Option<EbsOptimizedInfo> = "ebsOptimizedInfo",
        nvme_support: Option<String> = "nvmeSupport",
        maximum_ebs_attachments: Option<i32> = "maximumEbsAttachments",
        attachment_limit_type: Option<String> = "attachmentLimitType",
        maximum_ebs_cards: Option<i32> = "maximumEbsCards",
        ebs_cards: Vec<EbsCardInfo> = "ebsCardSet",
    }
}

output! {
    EbsInstanceBlockDevice {
        attach_time: Option<Timestamp> = "attachTime",
        delete_on_termination: Option<bool> = "deleteOnTermination",
        status: Option<String> = "status",
        volume_id: Option<String> = "volumeId",
        associated_resource: Option<String> = "associatedResource",
        volume_owner_id: Option<String> = "volumeOwnerId",
        operator: Option<OperatorResponse> = "operator",
        ebs_card_index: Option<i32> = "ebsCardIndex",
    }
}

input! {
    EbsInstanceBlockDeviceSpecification {
        volume_id: Option<String> = "VolumeId",
        delete_on_termination: Option<bool> = "DeleteOnTermination",
    }
}

output! {
    EbsOptimizedInfo {
        baseline_bandwidth_in_mbps: Option<i32> = "baselineBandwidthInMbps",
        baseline_throughput_in_m_bps: Option<f64> = "baselineThroughputInMBps",
        baseline_iops: Option<i32> = "baselineIops",
        maximum_bandwidth_in_mbps: Option<i32> = "maximumBandwidthInMbps",
        maximum_throughput_in_m_bps: Option<f64> = "maximumThroughputInMBps",
        maximum_iops: Option<i32> = "maximumIops",
    }
}

output! {
    EbsStatusDetails {
        impaired_since: Option<Timestamp> = "impairedSince",
        name: Option<String> = "name",
        status: Option<String> = "status",
    }
}

output! {
    EbsStatusSummary {
        details: Vec<EbsStatusDetails> = "details",
        status: Option<String> = "status",
    }
}

output! {
    EfaInfo {
        maximum_efa_interfaces: Option<i32> = "maximumEfaInterfaces",
    }
}

output! {
    ElasticGpuAssociation {
        elastic_gpu_id: Option<String> = "elasticGpuId",
        elastic_gpu_association_id: Option<String> = "elasticGpuAssociationId",
        elastic_gpu_association_state: Option<String> = "elasticGpuAssociationState",
        elastic_gpu_association_time: Option<String> = "elasticGpuAssociationTime",
    }
}

input! {
    ElasticGpuSpecification {
        type_: String = "Type",
    }
}

output! {
    ElasticGpuSpecificationResponse {
        type_: Option<String> = "type",
    }
}

input! {
    ElasticInferenceAccelerator {
        type_: String = "Type",
        count: Option<i32> = "Count",
    }
}

output! {
    ElasticInferenceAcceleratorAssociation {
        elastic_inference_accelerator_arn: Option<String> = "elasticInferenceAcceleratorArn",
        elastic_inference_accelerator_association_id: Option<String> = "elasticInferenceAcceleratorAssociationId",
        elastic_inference_accelerator_association_state: Option<String> = "elasticInferenceAcceleratorAssociationState",
        elastic_inference_accelerator_association_time: Option<Timestamp> = "elasticInferenceAcceleratorAssociationTime",
    }
}

input! {
    EnaSrdSpecificationRequest {
        ena_srd_enabled: Option<bool> = "EnaSrdEnabled",
        ena_srd_udp_specification: Option<EnaSrdUdpSpecificationRequest> = "EnaSrdUdpSpecification",
    }
}

input! {
    EnaSrdUdpSpecificationRequest {
        ena_srd_udp_enabled: Option<bool> = "EnaSrdUdpEnabled",
    }
}

output! {
    EnclaveOptions {
        enabled: Option<bool> = "enabled",
    }
}

input! {
    EnclaveOptionsRequest {
        enabled: Option<bool> = "Enabled",
    }
}

input! {
    Filter {
        name: Option<String> = "Name",
        values: Vec<String> = "Value",
    }
}

output! {
    FpgaDeviceInfo {
        name: Option<String> = "name",
        manufacturer: Option<String> = "manufacturer",
        count: Option<i32> = "count",
        memory_info: Option<FpgaDeviceMemoryInfo> = "memoryInfo",
    }
}

output! {
    FpgaDeviceMemoryInfo {
        size_in_mi_b: Option<i32> = "sizeInMiB",
    }
}

output! {
    FpgaInfo {
        fpgas: Vec<FpgaDeviceInfo> = "fpgas",
        total_fpga_memory_in_mi_b: Option<i32> = "totalFpgaMemoryInMiB",
    }
}

input! {
    GetInstanceMetadataDefaultsRequest {
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    GetInstanceMetadataDefaultsResult {
        account_level: Option<InstanceMetadataDefaultsResponse> = "accountLevel",
    }
}

input! {
    GetLaunchTemplateDataRequest {
        dry_run: Option<bool> = "DryRun",
        instance_id: String = "InstanceId",
    }
}

output! {
    GetLaunchTemplateDataResult {
        launch_template_data: Option<ResponseLaunchTemplateData> = "launchTemplateData",
    }
}

output! {
    GpuDeviceInfo {
        name: Option<String> = "name",
        manufacturer: Option<String> = "manufacturer",
        count: Option<i32> = "count",
        logical_gpu_count: Option<i32> = "logicalGpuCount",
        gpu_partition_size: Option<f64> = "gpuPartitionSize",
        workloads: Vec<String> = "workloadSet",
        memory_info: Option<GpuDeviceMemoryInfo> = "memoryInfo",
    }
}

output! {
    GpuDeviceMemoryInfo {
        size_in_mi_b: Option<i32> = "sizeInMiB",
    }
}

output! {
    GpuInfo {
        gpus: Vec<GpuDeviceInfo> = "gpus",
        total_gpu_memory_in_mi_b: Option<i32> = "totalGpuMemoryInMiB",
    }
}

output! {
    GroupIdentifier {
        group_id: Option<String> = "groupId",
        group_name: Option<String> = "groupName",
    }
}

output! {
    HibernationOptions {
        configured: Option<bool> = "configured",
    }
}

input! {
    HibernationOptionsRequest {
        configured: Option<bool> = "Configured",
    }
}

output! {
    IamInstanceProfile {
        arn: Option<String> = "arn",
        id: Option<String> = "id",
    }
}

output! {
    IamInstanceProfileAssociation {
        association_id: Option<String> = "associationId",
        instance_id: Option<String> = "instanceId",
        iam_instance_profile: Option<IamInstanceProfile> = "iamInstanceProfile",
        state: Option<String> = "state",
        timestamp: Option<Timestamp> = "timestamp",
    }
}

input! {
    IamInstanceProfileSpecification {
        arn: Option<String> = "Arn",
        name: Option<String> = "Name",
    }
}

output! {
    Image {
        platform_details: Option<String> = "platformDetails",
        usage_operation: Option<String> = "usageOperation",
        block_device_mappings: Vec<BlockDeviceMapping> = "blockDeviceMapping" (always),
        description: Option<String> = "description",
        ena_support: Option<bool> = "enaSupport",
        hypervisor: Option<String> = "hypervisor",
        image_owner_alias: Option<String> = "imageOwnerAlias",
        name: Option<String> = "name",
        root_device_name: Option<String> = "rootDeviceName",
        root_device_type: Option<String> = "rootDeviceType",
        sriov_net_support: Option<String> = "sriovNetSupport",
        state_reason: Option<StateReason> = "stateReason",
        tags: Vec<Tag> = "tagSet",
        virtualization_type: Option<String> = "virtualizationType",
        boot_mode: Option<String> = "bootMode",
        tpm_support: Option<String> = "tpmSupport",
        deprecation_time: Option<String> = "deprecationTime",
        imds_support: Option<String> = "imdsSupport",
        source_instance_id: Option<String> = "sourceInstanceId",
        deregistration_protection: Option<String> = "deregistrationProtection",
        last_launched_time: Option<String> = "lastLaunchedTime",
        image_allowed: Option<bool> = "imageAllowed",
        source_image_id: Option<String> = "sourceImageId",
        source_image_region: Option<String> = "sourceImageRegion",
        free_tier_eligible: Option<bool> = "freeTierEligible",
        image_id: Option<String> = "imageId",
        image_location: Option<String> = "imageLocation",
        state: Option<String> = "imageState",
        owner_id: Option<String> = "imageOwnerId",
        creation_date: Option<String> = "creationDate",
        public: Option<bool> = "isPublic",
        product_codes: Vec<ProductCode> = "productCodes",
        architecture: Option<String> = "architecture",
        image_type: Option<String> = "imageType",
        kernel_id: Option<String> = "kernelId",
        ramdisk_id: Option<String> = "ramdiskId",
        platform: Option<String> = "platform",
    }
}

output! {
    ImageAttribute {
        description: Option<AttributeValue> = "description",
        kernel_id: Option<AttributeValue> = "kernel",
        ramdisk_id: Option<AttributeValue> = "ramdisk",
        sriov_net_support: Option<AttributeValue> = "sriovNetSupport",
        boot_mode: Option<AttributeValue> = "bootMode",
        tpm_support: Option<AttributeValue> = "tpmSupport",
        uefi_data: Option<AttributeValue> = "uefiData",
        last_launched_time: Option<AttributeValue> = "lastLaunchedTime",
        imds_support: Option<AttributeValue> = "imdsSupport",
        deregistration_protection: Option<AttributeValue> = "deregistrationProtection",
        image_id: Option<String> = "imageId",
        launch_permissions: Vec<LaunchPermission> = "launchPermission",
        product_codes: Vec<ProductCode> = "productCodes",
        block_device_mappings: Vec<BlockDeviceMapping> = "blockDeviceMapping",
    }
}

input! {
    ImportKeyPairRequest {
        tag_specifications: Vec<TagSpecification> = "TagSpecification",
        dry_run: Option<bool> = "DryRun",
        key_name: String = "KeyName",
        public_key_material: Blob = "PublicKeyMaterial",
    }
}

output! {
    ImportKeyPairResult {
        key_fingerprint: Option<String> = "keyFingerprint",
        key_name: Option<String> = "keyName",
        key_pair_id: Option<String> = "keyPairId",
        tags: Vec<Tag> = "tagSet" (always),
    }
}

output! {
    InferenceAcceleratorInfo {
        accelerators: Vec<InferenceDeviceInfo> = "accelerators",
        total_inference_memory_in_mi_b: Option<i32> = "totalInferenceMemoryInMiB",
    }
}

output! {
    InferenceDeviceInfo {
        count: Option<i32> = "count",
        name: Option<String> = "name",
        manufacturer: Option<String> = "manufacturer",
        memory_info: Option<InferenceDeviceMemoryInfo> = "memoryInfo",
    }
}

output! {
    InferenceDeviceMemoryInfo {
        size_in_mi_b: Option<i32> = "sizeInMiB",
    }
}

output! {
    Instance {
        architecture: Option<String> = "architecture",
        block_device_mappings: Vec<InstanceBlockDeviceMapping> = "blockDeviceMapping" (always),
        client_token: Option<String> = "clientToken",
        ebs_optimized: Option<bool> = "ebsOptimized",
        ena_support: Option<bool> = "enaSupport",
        hypervisor: Option<String> = "hypervisor",
        iam_instance_profile: Option<IamInstanceProfile> = "iamInstanceProfile",
        instance_lifecycle: Option<String> = "instanceLifecycle",
        elastic_gpu_associations: Vec<ElasticGpuAssociation> = "elasticGpuAssociationSet",
        elastic_inference_accelerator_associations: Vec<ElasticInferenceAcceleratorAssociation> = "elasticInferenceAcceleratorAssociationSet",
        network_interfaces: Vec<InstanceNetworkInterface> = "networkInterfaceSet" (always),
        outpost_arn: Option<String> = "outpostArn",
        root_device_name: Option<String> = "rootDeviceName",
        root_device_type: Option<String> = "rootDeviceType",
        security_groups: Vec<GroupIdentifier> = "groupSet" (always),
        source_dest_check: Option<bool> = "sourceDestCheck",
        spot_instance_request_id: Option<String> = "spotInstanceRequestId",
        sriov_net_support: Option<String> = "sriovNetSupport",
        state_reason: Option<StateReason> = "stateReason",
        tags: Vec<Tag> = "tagSet",
        virtualization_type: Option<String> = "virtualizationType",
        cpu_options: Option<CpuOptions> = "cpuOptions",
        capacity_block_id: Option<String> = "capacityBlockId",
        capacity_reservation_id: Option<String> = "capacityReservationId",
        capacity_reservation_specification: Option<CapacityReservationSpecificationResponse> = "capacityReservationSpecification",
        hibernation_options: Option<HibernationOptions> = "hibernationOptions",
        licenses: Vec<LicenseConfiguration> = "licenseSet",
        metadata_options: Option<InstanceMetadataOptionsResponse> = "metadataOptions",
        enclave_options: Option<EnclaveOptions> = "enclaveOptions",
        boot_mode: Option<String> = "bootMode",
        platform_details: Option<String> = "platformDetails",
        usage_operation: Option<String> = "usageOperation",
        usage_operation_update_time: Option<Timestamp> = "usageOperationUpdateTime",
        private_dns_name_options: Option<PrivateDnsNameOptionsResponse> = "privateDnsNameOptions",
        ipv6_address: Option<String> = "ipv6Address",
        tpm_support: Option<String> = "tpmSupport",
        maintenance_options: Option<InstanceMaintenanceOptions> = "maintenanceOptions",
        current_instance_boot_mode: Option<String> = "currentInstanceBootMode",
        network_performance_options: Option<InstanceNetworkPerformanceOptions> = "networkPerformanceOptions",
        operator: Option<OperatorResponse> = "operator",
        secondary_interfaces: Vec<InstanceSecondaryInterface> = "secondaryInterfaceSet",
        instance_id: Option<String> = "instanceId",
        image_id: Option<String> = "imageId",
        state: Option<InstanceState> = "instanceState",
        private_dns_name: Option<String> = "privateDnsName",
        public_dns_name: Option<String> = "dnsName",
        state_transition_reason: Option<String> = "reason",
        key_name: Option<String> = "keyName",
        ami_launch_index: Option<i32> = "amiLaunchIndex",
        product_codes: Vec<ProductCode> = "productCodes" (always),
        instance_type: Option<String> = "instanceType",
        launch_time: Option<Timestamp> = "launchTime",
        placement: Option<Placement> = "placement",
        kernel_id: Option<String> = "kernelId",
        ramdisk_id: Option<String> = "ramdiskId",
        platform: Option<String> = "platform",
        monitoring: Option<Monitoring> = "monitoring",
        subnet_id: Option<String> = "subnetId",
        vpc_id: Option<String> = "vpcId",
        private_ip_address: Option<String> = "privateIpAddress",
        public_ip_address: Option<String> = "ipAddress",
    }
}

output! {
    InstanceAttachmentEnaSrdSpecification {
        ena_srd_enabled: Option<bool> = "enaSrdEnabled",
        ena_srd_udp_specification: Option<InstanceAttachmentEnaSrdUdpSpecification> = "enaSrdUdpSpecification",
    }
}

output! {
    InstanceAttachmentEnaSrdUdpSpecification {
        ena_srd_udp_enabled: Option<bool> = "enaSrdUdpEnabled",
    }
}

output! {
    InstanceAttribute {
        block_device_mappings: Vec<InstanceBlockDeviceMapping> = "blockDeviceMapping",
        disable_api_termination: Option<AttributeBooleanValue> = "disableApiTermination",
        ena_support: Option<AttributeBooleanValue> = "enaSupport",
        enclave_options: Option<EnclaveOptions> = "enclaveOptions",
        ebs_optimized: Option<AttributeBooleanValue> = "ebsOptimized",
        instance_id: Option<String> = "instanceId",
        instance_initiated_shutdown_behavior: Option<AttributeValue> = "instanceInitiatedShutdownBehavior",
        instance_type: Option<AttributeValue> = "instanceType",
        kernel_id: Option<AttributeValue> = "kernel",
        product_codes: Vec<ProductCode> = "productCodes",
        ramdisk_id: Option<AttributeValue> = "ramdisk",
        root_device_name: Option<AttributeValue> = "rootDeviceName",
        source_dest_check: Option<AttributeBooleanValue> = "sourceDestCheck",
        sriov_net_support: Option<AttributeValue> = "sriovNetSupport",
        user_data: Option<AttributeValue> = "userData",
        disable_api_stop: Option<AttributeBooleanValue> = "disableApiStop",
        groups: Vec<GroupIdentifier> = "groupSet",
    }
}

output! {
    InstanceBlockDeviceMapping {
        device_name: Option<String> = "deviceName",
        ebs: Option<EbsInstanceBlockDevice> = "ebs",
    }
}

input! {
    InstanceBlockDeviceMappingSpecification {
        device_name: Option<String> = "DeviceName",
        ebs: Option<EbsInstanceBlockDeviceSpecification> = "Ebs",
        virtual_name: Option<String> = "VirtualName",
        no_device: Option<String> = "NoDevice",
    }
}

output! {
    InstanceIpv4Prefix {
        ipv4_prefix: Option<String> = "ipv4Prefix",
    }
}

both! {
    InstanceIpv6Address {
        ipv6_address: Option<String> = "Ipv6Address" / "ipv6Address",
        is_primary_ipv6: Option<bool> = "IsPrimaryIpv6" / "isPrimaryIpv6",
    }
}

input! {
    InstanceIpv6AddressRequest {
        ipv6_address: Option<String> = "Ipv6Address",
    }
}

output! {
    InstanceIpv6Prefix {
        ipv6_prefix: Option<String> = "ipv6Prefix",
    }
}

output! {
    InstanceMaintenanceOptions {
        auto_recovery: Option<String> = "autoRecovery",
        reboot_migration: Option<String> = "rebootMigration",
    }
}

input! {
    InstanceMaintenanceOptionsRequest {
        auto_recovery: Option<String> = "AutoRecovery",
    }
}

input! {
    InstanceMarketOptionsRequest {
        market_type: Option<String> = "MarketType",
        spot_options: Option<SpotMarketOptions> = "SpotOptions",
    }
}

output! {
    InstanceMetadataDefaultsResponse {
        http_tokens: Option<String> = "httpTokens",
        http_put_response_hop_limit: Option<i32> = "httpPutResponseHopLimit",
        http_endpoint: Option<String> = "httpEndpoint",
        instance_metadata_tags: Option<String> = "instanceMetadataTags",
        managed_by: Option<String> = "managedBy",
        managed_exception_message: Option<String> = "managedExceptionMessage",
        http_tokens_enforced: Option<String> = "httpTokensEnforced",
    }
}

input! {
    InstanceMetadataOptionsRequest {
        http_tokens: Option<String> = "HttpTokens",
        http_put_response_hop_limit: Option<i32> = "HttpPutResponseHopLimit",
        http_endpoint: Option<String> = "HttpEndpoint",
        http_protocol_ipv6: Option<String> = "HttpProtocolIpv6",
        instance_metadata_tags: Option<String> = "InstanceMetadataTags",
    }
}

output! {
    InstanceMetadataOptionsResponse {
        state: Option<String> = "state",
        http_tokens: Option<String> = "httpTokens",
        http_put_response_hop_limit: Option<i32> = "httpPutResponseHopLimit",
        http_endpoint: Option<String> = "httpEndpoint",
        http_protocol_ipv6: Option<String> = "httpProtocolIpv6",
        instance_metadata_tags: Option<String> = "instanceMetadataTags",
    }
}

output! {
    InstanceNetworkInterface {
        association: Option<InstanceNetworkInterfaceAssociation> = "association",
        attachment: Option<InstanceNetworkInterfaceAttachment> = "attachment",
        description: Option<String> = "description",
        groups: Vec<GroupIdentifier> = "groupSet" (always),
        ipv6_addresses: Vec<InstanceIpv6Address> = "ipv6AddressesSet" (always),
        mac_address: Option<String> = "macAddress",
        network_interface_id: Option<String> = "networkInterfaceId",
        owner_id: Option<String> = "ownerId",
        private_dns_name: Option<String> = "privateDnsName",
        private_ip_address: Option<String> = "privateIpAddress",
        private_ip_addresses: Vec<InstancePrivateIpAddress> = "privateIpAddressesSet" (always),
        source_dest_check: Option<bool> = "sourceDestCheck",
        status: Option<String> = "status",
        subnet_id: Option<String> = "subnetId",
        vpc_id: Option<String> = "vpcId",
        interface_type: Option<String> = "interfaceType",
        ipv4_prefixes: Vec<InstanceIpv4Prefix> = "ipv4PrefixSet",
        ipv6_prefixes: Vec<InstanceIpv6Prefix> = "ipv6PrefixSet",
        connection_tracking_configuration: Option<ConnectionTrackingSpecificationResponse> = "connectionTrackingConfiguration",
        operator: Option<OperatorResponse> = "operator",
    }
}

output! {
    InstanceNetworkInterfaceAssociation {
        carrier_ip: Option<String> = "carrierIp",
        customer_owned_ip: Option<String> = "customerOwnedIp",
        ip_owner_id: Option<String> = "ipOwnerId",
        public_dns_name: Option<String> = "publicDnsName",
        public_ip: Option<String> = "publicIp",
    }
}

output! {
    InstanceNetworkInterfaceAttachment {
        attach_time: Option<Timestamp> = "attachTime",
        attachment_id: Option<String> = "attachmentId",
        delete_on_termination: Option<bool> = "deleteOnTermination",
        device_index: Option<i32> = "deviceIndex",
        status: Option<String> = "status",
        network_card_index: Option<i32> = "networkCardIndex",
        ena_srd_specification: Option<InstanceAttachmentEnaSrdSpecification> = "enaSrdSpecification",
        ena_queue_count: Option<i32> = "enaQueueCount",
    }
}

input! {
    InstanceNetworkInterfaceSpecification {
        associate_public_ip_address: Option<bool> = "AssociatePublicIpAddress",
        delete_on_termination: Option<bool> = "DeleteOnTermination",
        description: Option<String> = "Description",
        device_index: Option<i32> = "DeviceIndex",
        groups: Vec<String> = "SecurityGroupId",
        ipv6_address_count: Option<i32> = "Ipv6AddressCount",
        ipv6_addresses: Vec<InstanceIpv6Address> = "Ipv6Addresses",
        network_interface_id: Option<String> = "NetworkInterfaceId",
        private_ip_address: Option<String> = "PrivateIpAddress",
        private_ip_addresses: Vec<PrivateIpAddressSpecification> = "PrivateIpAddresses",
        secondary_private_ip_address_count: Option<i32> = "SecondaryPrivateIpAddressCount",
        subnet_id: Option<String> = "SubnetId",
        associate_carrier_ip_address: Option<bool> = "AssociateCarrierIpAddress",
        interface_type: Option<String> = "InterfaceType",
        network_card_index: Option<i32> = "NetworkCardIndex",
        ipv4_prefixes: Vec<Ipv4PrefixSpecificationRequest> = "Ipv4Prefix",
        ipv4_prefix_count: Option<i32> = "Ipv4PrefixCount",
        ipv6_prefixes: Vec<Ipv6PrefixSpecificationRequest> = "Ipv6Prefix",
        ipv6_prefix_count: Option<i32> = "Ipv6PrefixCount",
        primary_ipv6: Option<bool> = "PrimaryIpv6",
        ena_srd_specification: Option<EnaSrdSpecificationRequest> = "EnaSrdSpecification",
        connection_tracking_specification: Option<ConnectionTrackingSpecificationRequest> = "ConnectionTrackingSpecification",
        ena_queue_count: Option<i32> = "EnaQueueCount",
    }
}

output! {
    InstanceNetworkPerformanceOptions {
        bandwidth_weighting: Option<String> = "bandwidthWeighting",
    }
}

input! {
    InstanceNetworkPerformanceOptionsRequest {
        bandwidth_weighting: Option<String> = "BandwidthWeighting",
    }
}

output! {
    InstancePrivateIpAddress {
        association: Option<InstanceNetworkInterfaceAssociation> = "association",
        primary: Option<bool> = "primary",
        private_dns_name: Option<String> = "privateDnsName",
        private_ip_address: Option<String> = "privateIpAddress",
    }
}

output! {
    InstanceRequirements {
        v_cpu_count: Option<VCpuCountRange> = "vCpuCount",
        memory_mi_b: Option<MemoryMiB> = "memoryMiB",
        cpu_manufacturers: Vec<String> = "cpuManufacturerSet",
        memory_gi_b_per_v_cpu: Option<MemoryGiBPerVCpu> = "memoryGiBPerVCpu",
        excluded_instance_types: Vec<String> = "excludedInstanceTypeSet",
        instance_generations: Vec<String> = "instanceGenerationSet",
        spot_max_price_percentage_over_lowest_price: Option<i32> = "spotMaxPricePercentageOverLowestPrice",
        on_demand_max_price_percentage_over_lowest_price: Option<i32> = "onDemandMaxPricePercentageOverLowestPrice",
        bare_metal: Option<String> = "bareMetal",
        burstable_performance: Option<String> = "burstablePerformance",
        require_hibernate_support: Option<bool> = "requireHibernateSupport",
        network_interface_count: Option<NetworkInterfaceCount> = "networkInterfaceCount",
        local_storage: Option<String> = "localStorage",
        local_storage_types: Vec<String> = "localStorageTypeSet",
        total_local_storage_gb: Option<TotalLocalStorageGB> = "totalLocalStorageGB",
        baseline_ebs_bandwidth_mbps: Option<BaselineEbsBandwidthMbps> = "baselineEbsBandwidthMbps",
        accelerator_types: Vec<String> = "acceleratorTypeSet",
        accelerator_count: Option<AcceleratorCount> = "acceleratorCount",
        accelerator_manufacturers: Vec<String> = "acceleratorManufacturerSet",
        accelerator_names: Vec<String> = "acceleratorNameSet",
        accelerator_total_memory_mi_b: Option<AcceleratorTotalMemoryMiB> = "acceleratorTotalMemoryMiB",
        network_bandwidth_gbps: Option<NetworkBandwidthGbps> = "networkBandwidthGbps",
        allowed_instance_types: Vec<String> = "allowedInstanceTypeSet",
        max_spot_price_as_percentage_of_optimal_on_demand_price: Option<i32> = "maxSpotPriceAsPercentageOfOptimalOnDemandPrice",
        baseline_performance_factors: Option<BaselinePerformanceFactors> = "baselinePerformanceFactors",
        require_encryption_in_transit: Option<bool> = "requireEncryptionInTransit",
    }
}

input! {
    InstanceRequirementsRequest {
        v_cpu_count: VCpuCountRangeRequest = "VCpuCount",
        memory_mi_b: MemoryMiBRequest = "MemoryMiB",
        cpu_manufacturers: Vec<String> = "CpuManufacturer",
        memory_gi_b_per_v_cpu: Option<MemoryGiBPerVCpuRequest> = "MemoryGiBPerVCpu",
        excluded_instance_types: Vec<String> = "ExcludedInstanceType",
        instance_generations: Vec<String> = "InstanceGeneration",
        spot_max_price_percentage_over_lowest_price: Option<i32> = "SpotMaxPricePercentageOverLowestPrice",
        on_demand_max_price_percentage_over_lowest_price: Option<i32> = "OnDemandMaxPricePercentageOverLowestPrice",
        bare_metal: Option<String> = "BareMetal",
        burstable_performance: Option<String> = "BurstablePerformance",
        require_hibernate_support: Option<bool> = "RequireHibernateSupport",
        network_interface_count: Option<NetworkInterfaceCountRequest> = "NetworkInterfaceCount",
        local_storage: Option<String> = "LocalStorage",
        local_storage_types: Vec<String> = "LocalStorageType",
        total_local_storage_gb: Option<TotalLocalStorageGBRequest> = "TotalLocalStorageGB",
        baseline_ebs_bandwidth_mbps: Option<BaselineEbsBandwidthMbpsRequest> = "BaselineEbsBandwidthMbps",
        accelerator_types: Vec<String> = "AcceleratorType",
        accelerator_count: Option<AcceleratorCountRequest> = "AcceleratorCount",
        accelerator_manufacturers: Vec<String> = "AcceleratorManufacturer",
        accelerator_names: Vec<String> = "AcceleratorName",
        accelerator_total_memory_mi_b: Option<AcceleratorTotalMemoryMiBRequest> = "AcceleratorTotalMemoryMiB",
        network_bandwidth_gbps: Option<NetworkBandwidthGbpsRequest> = "NetworkBandwidthGbps",
        allowed_instance_types: Vec<String> = "AllowedInstanceType",
        max_spot_price_as_percentage_of_optimal_on_demand_price: Option<i32> = "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice",
        baseline_performance_factors: Option<BaselinePerformanceFactorsRequest> = "BaselinePerformanceFactors",
        require_encryption_in_transit: Option<bool> = "RequireEncryptionInTransit",
    }
}

output! {
    InstanceSecondaryInterface {
        attachment: Option<InstanceSecondaryInterfaceAttachment> = "attachment",
        mac_address: Option<String> = "macAddress",
        secondary_interface_id: Option<String> = "secondaryInterfaceId",
        owner_id: Option<String> = "ownerId",
        private_ip_addresses: Vec<InstanceSecondaryInterfacePrivateIpAddress> = "privateIpAddressSet",
        source_dest_check: Option<bool> = "sourceDestCheck",
        status: Option<String> = "status",
        secondary_subnet_id: Option<String> = "secondarySubnetId",
        secondary_network_id: Option<String> = "secondaryNetworkId",
        interface_type: Option<String> = "interfaceType",
    }
}

output! {
    InstanceSecondaryInterfaceAttachment {
        attach_time: Option<Timestamp> = "attachTime",
        attachment_id: Option<String> = "attachmentId",
        delete_on_termination: Option<bool> = "deleteOnTermination",
        device_index: Option<i32> = "deviceIndex",
        status: Option<String> = "status",
        network_card_index: Option<i32> = "networkCardIndex",
    }
}

output! {
    InstanceSecondaryInterfacePrivateIpAddress {
        private_ip_address: Option<String> = "privateIpAddress",
    }
}

input! {
    InstanceSecondaryInterfacePrivateIpAddressRequest {
        private_ip_address: String = "PrivateIpAddress",
    }
}

input! {
    InstanceSecondaryInterfaceSpecificationRequest {
        delete_on_termination: Option<bool> = "DeleteOnTermination",
        device_index: Option<i32> = "DeviceIndex",
        private_ip_addresses: Vec<InstanceSecondaryInterfacePrivateIpAddressRequest> = "PrivateIpAddress",
        private_ip_address_count: Option<i32> = "PrivateIpAddressCount",
        secondary_subnet_id: Option<String> = "SecondarySubnetId",
        interface_type: Option<String> = "InterfaceType",
        network_card_index: Option<i32> = "NetworkCardIndex",
    }
}

output! {
    InstanceState {
        code: Option<i32> = "code",
        name: Option<String> = "name",
    }
}

output! {
    InstanceStateChange {
        instance_id: Option<String> = "instanceId",
        current_state: Option<InstanceState> = "currentState",
        previous_state: Option<InstanceState> = "previousState",
    }
}

output! {
    InstanceStatus {
        availability_zone: Option<String> = "availabilityZone",
        availability_zone_id: Option<String> = "availabilityZoneId",
        outpost_arn: Option<String> = "outpostArn",
        operator: Option<OperatorResponse> = "operator",
        events: Vec<InstanceStatusEvent> = "eventsSet",
        instance_id: Option<String> = "instanceId",
        instance_state: Option<InstanceState> = "instanceState",
        instance_status: Option<InstanceStatusSummary> = "instanceStatus",
        system_status: Option<InstanceStatusSummary> = "systemStatus",
        attached_ebs_status: Option<EbsStatusSummary> = "attachedEbsStatus",
    }
}

output! {
    InstanceStatusDetails {
        impaired_since: Option<Timestamp> = "impairedSince",
        name: Option<String> = "name",
        status: Option<String> = "status",
    }
}

output! {
    InstanceStatusEvent {
        instance_event_id: Option<String> = "instanceEventId",
        code: Option<String> = "code",
        description: Option<String> = "description",
        not_after: Option<Timestamp> = "notAfter",
        not_before: Option<Timestamp> = "notBefore",
        not_before_deadline: Option<Timestamp> = "notBeforeDeadline",
    }
}

output! {
    InstanceStatusSummary {
        details: Vec<InstanceStatusDetails> = "details",
        status: Option<String> = "status",
    }
}

output! {
    InstanceStorageInfo {
        total_size_in_gb: Option<i64> = "totalSizeInGB",
        disks: Vec<DiskInfo> = "disks",
        nvme_support: Option<String> = "nvmeSupport",
        encryption_support: Option<String> = "encryptionSupport",
    }
}

output! {
    InstanceTypeInfo {
        instance_type: Option<String> = "instanceType",
        current_generation: Option<bool> = "currentGeneration",
        free_tier_eligible: Option<bool> = "freeTierEligible",
        supported_usage_classes: Vec<String> = "supportedUsageClasses",
        supported_root_device_types: Vec<String> = "supportedRootDeviceTypes",
        supported_virtualization_types: Vec<String> = "supportedVirtualizationTypes",
        bare_metal: Option<bool> = "bareMetal",
        hypervisor: Option<String> = "hypervisor",
        processor_info: Option<ProcessorInfo> = "processorInfo",
        v_cpu_info: Option<VCpuInfo> = "vCpuInfo",
        memory_info: Option<MemoryInfo> = "memoryInfo",
        instance_storage_supported: Option<bool> = "instanceStorageSupported",
        instance_storage_info: Option<InstanceStorageInfo> = "instanceStorageInfo",
        ebs_info: Option<EbsInfo> = "ebsInfo",
        network_info: Option<NetworkInfo> = "networkInfo",
        gpu_info: Option<GpuInfo> = "gpuInfo",
        fpga_info: Option<FpgaInfo> = "fpgaInfo",
        placement_group_info: Option<PlacementGroupInfo> = "placementGroupInfo",
        inference_accelerator_info: Option<InferenceAcceleratorInfo> = "inferenceAcceleratorInfo",
        hibernation_supported: Option<bool> = "hibernationSupported",
        burstable_performance_supported: Option<bool> = "burstablePerformanceSupported",
        dedicated_hosts_supported: Option<bool> = "dedicatedHostsSupported",
        auto_recovery_supported: Option<bool> = "autoRecoverySupported",
        supported_boot_modes: Vec<String> = "supportedBootModes",
        nitro_enclaves_support: Option<String> = "nitroEnclavesSupport",
        nitro_tpm_support: Option<String> = "nitroTpmSupport",
        nitro_tpm_info: Option<NitroTpmInfo> = "nitroTpmInfo",
        media_accelerator_info: Option<MediaAcceleratorInfo> = "mediaAcceleratorInfo",
        neuron_info: Option<NeuronInfo> = "neuronInfo",
        phc_support: Option<String> = "phcSupport",
        reboot_migration_support: Option<String> = "rebootMigrationSupport",
        supported_in_region: Option<bool> = "supportedInRegion",
    }
}

output! {
    IpPermission {
        ip_protocol: Option<String> = "ipProtocol",
        from_port: Option<i32> = "fromPort",
        to_port: Option<i32> = "toPort",
        user_id_group_pairs: Vec<UserIdGroupPair> = "groups" (always),
        ip_ranges: Vec<IpRange> = "ipRanges" (always),
        ipv6_ranges: Vec<Ipv6Range> = "ipv6Ranges" (always),
        prefix_list_ids: Vec<PrefixListId> = "prefixListIds" (always),
    }
}

output! {
    IpRange {
        description: Option<String> = "description",
        cidr_ip: Option<String> = "cidrIp",
    }
}

input! {
    Ipv4PrefixSpecificationRequest {
        ipv4_prefix: Option<String> = "Ipv4Prefix",
    }
}

output! {
    Ipv4PrefixSpecificationResponse {
        ipv4_prefix: Option<String> = "ipv4Prefix",
    }
}

input! {
    Ipv6PrefixSpecificationRequest {
        ipv6_prefix: Option<String> = "Ipv6Prefix",
    }
}

output! {
    Ipv6PrefixSpecificationResponse {
        ipv6_prefix: Option<String> = "ipv6Prefix",
    }
}

output! {
    Ipv6Range {
        description: Option<String> = "description",
        cidr_ipv6: Option<String> = "cidrIpv6",
    }
}

output! {
    KeyPairInfo {
        key_pair_id: Option<String> = "keyPairId",
        key_type: Option<String> = "keyType",
        tags: Vec<Tag> = "tagSet",
        public_key: Option<String> = "publicKey",
        create_time: Option<Timestamp> = "createTime",
        key_name: Option<String> = "keyName",
        key_fingerprint: Option<String> = "keyFingerprint",
    }
}

both! {
    LaunchPermission {
        organization_arn: Option<String> = "OrganizationArn" / "organizationArn",
        organizational_unit_arn: Option<String> = "OrganizationalUnitArn" / "organizationalUnitArn",
        user_id: Option<String> = "UserId" / "userId",
        group: Option<String> = "Group" / "group",
    }
}

input! {
    LaunchPermissionModifications {
        add: Vec<LaunchPermission> = "Add",
        remove: Vec<LaunchPermission> = "Remove",
    }
}

output! {
    LaunchTemplate {
        launch_template_id: Option<String> = "launchTemplateId",
        launch_template_name: Option<String> = "launchTemplateName",
        create_time: Option<Timestamp> = "createTime",
        created_by: Option<String> = "createdBy",
        default_version_number: Option<i64> = "defaultVersionNumber",
        latest_version_number: Option<i64> = "latestVersionNumber",
        tags: Vec<Tag> = "tagSet",
        operator: Option<OperatorResponse> = "operator",
    }
}

output! {
    LaunchTemplateBlockDeviceMapping {
        device_name: Option<String> = "deviceName",
        virtual_name: Option<String> = "virtualName",
        ebs: Option<LaunchTemplateEbsBlockDevice> = "ebs",
        no_device: Option<String> = "noDevice",
    }
}

input! {
    LaunchTemplateBlockDeviceMappingRequest {
        device_name: Option<String> = "DeviceName",
        virtual_name: Option<String> = "VirtualName",
        ebs: Option<LaunchTemplateEbsBlockDeviceRequest> = "Ebs",
        no_device: Option<String> = "NoDevice",
    }
}

input! {
    LaunchTemplateCapacityReservationSpecificationRequest {
        capacity_reservation_preference: Option<String> = "CapacityReservationPreference",
        capacity_reservation_target: Option<CapacityReservationTarget> = "CapacityReservationTarget",
    }
}

output! {
    LaunchTemplateCapacityReservationSpecificationResponse {
        capacity_reservation_preference: Option<String> = "capacityReservationPreference",
        capacity_reservation_target: Option<CapacityReservationTargetResponse> = "capacityReservationTarget",
    }
}

output! {
    LaunchTemplateCpuOptions {
        core_count: Option<i32> = "coreCount",
        threads_per_core: Option<i32> = "threadsPerCore",
        amd_sev_snp: Option<String> = "amdSevSnp",
        nested_virtualization: Option<String> = "nestedVirtualization",
    }
}

input! {
    LaunchTemplateCpuOptionsRequest {
        core_count: Option<i32> = "CoreCount",
        threads_per_core: Option<i32> = "ThreadsPerCore",
        amd_sev_snp: Option<String> = "AmdSevSnp",
        nested_virtualization: Option<String> = "NestedVirtualization",
    }
}

output! {
    LaunchTemplateEbsBlockDevice {
        encrypted: Option<bool> = "encrypted",
        delete_on_termination: Option<bool> = "deleteOnTermination",
        iops: Option<i32> = "iops",
        kms_key_id: Option<String> = "kmsKeyId",
        snapshot_id: Option<String> = "snapshotId",
        volume_size: Option<i32> = "volumeSize",
        volume_type: Option<String> = "volumeType",
        throughput: Option<i32> = "throughput",
        volume_initialization_rate: Option<i32> = "volumeInitializationRate",
        ebs_card_index: Option<i32> = "ebsCardIndex",
    }
}

input! {
    LaunchTemplateEbsBlockDeviceRequest {
        encrypted: Option<bool> = "Encrypted",
        delete_on_termination: Option<bool> = "DeleteOnTermination",
        iops: Option<i32> = "Iops",
        kms_key_id: Option<String> = "KmsKeyId",
        snapshot_id: Option<String> = "SnapshotId",
        volume_size: Option<i32> = "VolumeSize",
        volume_type: Option<String> = "VolumeType",
        throughput: Option<i32> = "Throughput",
        volume_initialization_rate: Option<i32> = "VolumeInitializationRate",
        ebs_card_index: Option<i32> = "EbsCardIndex",
    }
}

input! {
    LaunchTemplateElasticInferenceAccelerator {
        type_: String = "Type",
        count: Option<i32> = "Count",
    }
}

output! {
    LaunchTemplateElasticInferenceAcceleratorResponse {
        type_: Option<String> = "type",
        count: Option<i32> = "count",
    }
}

output! {
    LaunchTemplateEnaSrdSpecification {
        ena_srd_enabled: Option<bool> = "enaSrdEnabled",
        ena_srd_udp_specification: Option<LaunchTemplateEnaSrdUdpSpecification> = "enaSrdUdpSpecification",
    }
}

output! {
    LaunchTemplateEnaSrdUdpSpecification {
        ena_srd_udp_enabled: Option<bool> = "enaSrdUdpEnabled",
    }
}

output! {
    LaunchTemplateEnclaveOptions {
        enabled: Option<bool> = "enabled",
    }
}

input! {
    LaunchTemplateEnclaveOptionsRequest {
        enabled: Option<bool> = "Enabled",
    }
}

output! {
    LaunchTemplateHibernationOptions {
        configured: Option<bool> = "configured",
    }
}

input! {
    LaunchTemplateHibernationOptionsRequest {
        configured: Option<bool> = "Configured",
    }
}

output! {
    LaunchTemplateIamInstanceProfileSpecification {
        arn: Option<String> = "arn",
        name: Option<String> = "name",
    }
}

input! {
    LaunchTemplateIamInstanceProfileSpecificationRequest {
        arn: Option<String> = "Arn",
        name: Option<String> = "Name",
    }
}

output! {
    LaunchTemplateInstanceMaintenanceOptions {
        auto_recovery: Option<String> = "autoRecovery",
    }
}

input! {
    LaunchTemplateInstanceMaintenanceOptionsRequest {
        auto_recovery: Option<String> = "AutoRecovery",
    }
}

output! {
    LaunchTemplateInstanceMarketOptions {
        market_type: Option<String> = "marketType",
        spot_options: Option<LaunchTemplateSpotMarketOptions> = "spotOptions",
    }
}

input! {
    LaunchTemplateInstanceMarketOptionsRequest {
        market_type: Option<String> = "MarketType",
        spot_options: Option<LaunchTemplateSpotMarketOptionsRequest> = "SpotOptions",
    }
}

output! {
    LaunchTemplateInstanceMetadataOptions {
        state: Option<String> = "state",
        http_tokens: Option<String> = "httpTokens",
        http_put_response_hop_limit: Option<i32> = "httpPutResponseHopLimit",
        http_endpoint: Option<String> = "httpEndpoint",
        http_protocol_ipv6: Option<String> = "httpProtocolIpv6",
        instance_metadata_tags: Option<String> = "instanceMetadataTags",
    }
}

input! {
    LaunchTemplateInstanceMetadataOptionsRequest {
        http_tokens: Option<String> = "HttpTokens",
        http_put_response_hop_limit: Option<i32> = "HttpPutResponseHopLimit",
        http_endpoint: Option<String> = "HttpEndpoint",
        http_protocol_ipv6: Option<String> = "HttpProtocolIpv6",
        instance_metadata_tags: Option<String> = "InstanceMetadataTags",
    }
}

output! {
    LaunchTemplateInstanceNetworkInterfaceSpecification {
        associate_carrier_ip_address: Option<bool> = "associateCarrierIpAddress",
        associate_public_ip_address: Option<bool> = "associatePublicIpAddress",
        delete_on_termination: Option<bool> = "deleteOnTermination",
        description: Option<String> = "description",
        device_index: Option<i32> = "deviceIndex",
        groups: Vec<String> = "groupSet",
        interface_type: Option<String> = "interfaceType",
        ipv6_address_count: Option<i32> = "ipv6AddressCount",
        ipv6_addresses: Vec<InstanceIpv6Address> = "ipv6AddressesSet",
        network_interface_id: Option<String> = "networkInterfaceId",
        private_ip_address: Option<String> = "privateIpAddress",
        private_ip_addresses: Vec<PrivateIpAddressSpecification> = "privateIpAddressesSet",
        secondary_private_ip_address_count: Option<i32> = "secondaryPrivateIpAddressCount",
        subnet_id: Option<String> = "subnetId",
        network_card_index: Option<i32> = "networkCardIndex",
        ipv4_prefixes: Vec<Ipv4PrefixSpecificationResponse> = "ipv4PrefixSet",
        ipv4_prefix_count: Option<i32> = "ipv4PrefixCount",
        ipv6_prefixes: Vec<Ipv6PrefixSpecificationResponse> = "ipv6PrefixSet",
        ipv6_prefix_count: Option<i32> = "ipv6PrefixCount",
        primary_ipv6: Option<bool> = "primaryIpv6",
        ena_srd_specification: Option<LaunchTemplateEnaSrdSpecification> = "enaSrdSpecification",
        connection_tracking_specification: Option<ConnectionTrackingSpecification> = "connectionTrackingSpecification",
        ena_queue_count: Option<i32> = "enaQueueCount",
    }
}

input! {
    LaunchTemplateInstanceNetworkInterfaceSpecificationRequest {
        associate_carrier_ip_address: Option<bool> = "AssociateCarrierIpAddress",
        associate_public_ip_address: Option<bool> = "AssociatePublicIpAddress",
        delete_on_termination: Option<bool> = "DeleteOnTermination",
        description: Option<String> = "Description",
        device_index: Option<i32> = "DeviceIndex",
        groups: Vec<String> = "SecurityGroupId",
        interface_type: Option<String> = "InterfaceType",
        ipv6_address_count: Option<i32> = "Ipv6AddressCount",
        ipv6_addresses: Vec<InstanceIpv6AddressRequest> = "Ipv6Addresses",
        network_interface_id: Option<String> = "NetworkInterfaceId",
        private_ip_address: Option<String> = "PrivateIpAddress",
        private_ip_addresses: Vec<PrivateIpAddressSpecification> = "PrivateIpAddresses",
        secondary_private_ip_address_count: Option<i32> = "SecondaryPrivateIpAddressCount",
        subnet_id: Option<String> = "SubnetId",
        network_card_index: Option<i32> = "NetworkCardIndex",
        ipv4_prefixes: Vec<Ipv4PrefixSpecificationRequest> = "Ipv4Prefix",
        ipv4_prefix_count: Option<i32> = "Ipv4PrefixCount",
        ipv6_prefixes: Vec<Ipv6PrefixSpecificationRequest> = "Ipv6Prefix",
        ipv6_prefix_count: Option<i32> = "Ipv6PrefixCount",
        primary_ipv6: Option<bool> = "PrimaryIpv6",
        ena_srd_specification: Option<EnaSrdSpecificationRequest> = "EnaSrdSpecification",
        connection_tracking_specification: Option<ConnectionTrackingSpecificationRequest> = "ConnectionTrackingSpecification",
        ena_queue_count: Option<i32> = "EnaQueueCount",
    }
}

output! {
    LaunchTemplateInstanceSecondaryInterfaceSpecification {
        delete_on_termination: Option<bool> = "deleteOnTermination",
        device_index: Option<i32> = "deviceIndex",
        private_ip_addresses: Vec<SecondaryInterfacePrivateIpAddressSpecification> = "privateIpAddressesSet",
        private_ip_address_count: Option<i32> = "privateIpAddressCount",
        secondary_subnet_id: Option<String> = "secondarySubnetId",
        interface_type: Option<String> = "interfaceType",
        network_card_index: Option<i32> = "networkCardIndex",
    }
}

input! {
    LaunchTemplateInstanceSecondaryInterfaceSpecificationRequest {
        delete_on_termination: Option<bool> = "DeleteOnTermination",
        device_index: Option<i32> = "DeviceIndex",
        private_ip_addresses: Vec<SecondaryInterfacePrivateIpAddressSpecificationRequest> = "PrivateIpAddress",
        private_ip_address_count: Option<i32> = "PrivateIpAddressCount",
        secondary_subnet_id: Option<String> = "SecondarySubnetId",
        interface_type: Option<String> = "InterfaceType",
        network_card_index: Option<i32> = "NetworkCardIndex",
    }
}

output! {
    LaunchTemplateLicenseConfiguration {
        license_configuration_arn: Option<String> = "licenseConfigurationArn",
    }
}

input! {
    LaunchTemplateLicenseConfigurationRequest {
        license_configuration_arn: Option<String> = "LicenseConfigurationArn",
    }
}

output! {
    LaunchTemplateNetworkPerformanceOptions {
        bandwidth_weighting: Option<String> = "bandwidthWeighting",
    }
}

input! {
    LaunchTemplateNetworkPerformanceOptionsRequest {
        bandwidth_weighting: Option<String> = "BandwidthWeighting",
    }
}

output! {
    LaunchTemplatePlacement {
        availability_zone: Option<String> = "availabilityZone",
        availability_zone_id: Option<String> = "availabilityZoneId",
        affinity: Option<String> = "affinity",
        group_name: Option<String> = "groupName",
        host_id: Option<String> = "hostId",
        tenancy: Option<String> = "tenancy",
        spread_domain: Option<String> = "spreadDomain",
        host_resource_group_arn: Option<String> = "hostResourceGroupArn",
        partition_number: Option<i32> = "partitionNumber",
        group_id: Option<String> = "groupId",
    }
}

input! {
    LaunchTemplatePlacementRequest {
        availability_zone: Option<String> = "AvailabilityZone",
        availability_zone_id: Option<String> = "AvailabilityZoneId",
        affinity: Option<String> = "Affinity",
        group_name: Option<String> = "GroupName",
        host_id: Option<String> = "HostId",
        tenancy: Option<String> = "Tenancy",
        spread_domain: Option<String> = "SpreadDomain",
        host_resource_group_arn: Option<String> = "HostResourceGroupArn",
        partition_number: Option<i32> = "PartitionNumber",
        group_id: Option<String> = "GroupId",
    }
}

output! {
    LaunchTemplatePrivateDnsNameOptions {
        hostname_type: Option<String> = "hostnameType",
        enable_resource_name_dns_a_record: Option<bool> = "enableResourceNameDnsARecord",
        enable_resource_name_dns_aaaa_record: Option<bool> = "enableResourceNameDnsAAAARecord",
    }
}

input! {
    LaunchTemplatePrivateDnsNameOptionsRequest {
        hostname_type: Option<String> = "HostnameType",
        enable_resource_name_dns_a_record: Option<bool> = "EnableResourceNameDnsARecord",
        enable_resource_name_dns_aaaa_record: Option<bool> = "EnableResourceNameDnsAAAARecord",
    }
}

input! {
    LaunchTemplateSpecification {
        launch_template_id: Option<String> = "LaunchTemplateId",
        launch_template_name: Option<String> = "LaunchTemplateName",
        version: Option<String> = "Version",
    }
}

output! {
    LaunchTemplateSpotMarketOptions {
        max_price: Option<String> = "maxPrice",
        spot_instance_type: Option<String> = "spotInstanceType",
        block_duration_minutes: Option<i32> = "blockDurationMinutes",
        valid_until: Option<Timestamp> = "validUntil",
        instance_interruption_behavior: Option<String> = "instanceInterruptionBehavior",
    }
}

input! {
    LaunchTemplateSpotMarketOptionsRequest {
        max_price: Option<String> = "MaxPrice",
        spot_instance_type: Option<String> = "SpotInstanceType",
        block_duration_minutes: Option<i32> = "BlockDurationMinutes",
        valid_until: Option<Timestamp> = "ValidUntil",
        instance_interruption_behavior: Option<String> = "InstanceInterruptionBehavior",
    }
}

output! {
    LaunchTemplateTagSpecification {
        resource_type: Option<String> = "resourceType",
        tags: Vec<Tag> = "tagSet",
    }
}

input! {
    LaunchTemplateTagSpecificationRequest {
        resource_type: Option<String> = "ResourceType",
        tags: Vec<Tag> = "Tag",
    }
}

output! {
    LaunchTemplateVersion {
        launch_template_id: Option<String> = "launchTemplateId",
        launch_template_name: Option<String> = "launchTemplateName",
        version_number: Option<i64> = "versionNumber",
        version_description: Option<String> = "versionDescription",
        create_time: Option<Timestamp> = "createTime",
        created_by: Option<String> = "createdBy",
        default_version: Option<bool> = "defaultVersion",
        launch_template_data: Option<ResponseLaunchTemplateData> = "launchTemplateData",
        operator: Option<OperatorResponse> = "operator",
    }
}

output! {
    LaunchTemplatesMonitoring {
        enabled: Option<bool> = "enabled",
    }
}

input! {
    LaunchTemplatesMonitoringRequest {
        enabled: Option<bool> = "Enabled",
    }
}

output! {
    LicenseConfiguration {
        license_configuration_arn: Option<String> = "licenseConfigurationArn",
    }
}

input! {
    LicenseConfigurationRequest {
        license_configuration_arn: Option<String> = "LicenseConfigurationArn",
    }
}

output! {
    MediaAcceleratorInfo {
        accelerators: Vec<MediaDeviceInfo> = "accelerators",
        total_media_memory_in_mi_b: Option<i32> = "totalMediaMemoryInMiB",
    }
}

output! {
    MediaDeviceInfo {
        count: Option<i32> = "count",
        name: Option<String> = "name",
        manufacturer: Option<String> = "manufacturer",
        memory_info: Option<MediaDeviceMemoryInfo> = "memoryInfo",
    }
}

output! {
    MediaDeviceMemoryInfo {
        size_in_mi_b: Option<i32> = "sizeInMiB",
    }
}

output! {
    MemoryGiBPerVCpu {
        min: Option<f64> = "min",
        max: Option<f64> = "max",
    }
}

input! {
    MemoryGiBPerVCpuRequest {
        min: Option<f64> = "Min",
        max: Option<f64> = "Max",
    }
}

output! {
    MemoryInfo {
        size_in_mi_b: Option<i64> = "sizeInMiB",
    }
}

output! {
    MemoryMiB {
        min: Option<i32> = "min",
        max: Option<i32> = "max",
    }
}

input! {
    MemoryMiBRequest {
        min: i32 = "Min",
        max: Option<i32> = "Max",
    }
}

input! {
    ModifyImageAttributeRequest {
        attribute: Option<String> = "Attribute",
        description: Option<AttributeValue> = "Description",
        image_id: String = "ImageId",
        launch_permission: Option<LaunchPermissionModifications> = "LaunchPermission",
        operation_type: Option<String> = "OperationType",
        product_codes: Vec<String> = "ProductCode",
        user_groups: Vec<String> = "UserGroup",
        user_ids: Vec<String> = "UserId",
        value: Option<String> = "Value",
        organization_arns: Vec<String> = "OrganizationArn",
        organizational_unit_arns: Vec<String> = "OrganizationalUnitArn",
        imds_support: Option<AttributeValue> = "ImdsSupport",
        dry_run: Option<bool> = "DryRun",
    }
}

input! {
    ModifyInstanceAttributeRequest {
        source_dest_check: Option<AttributeBooleanValue> = "SourceDestCheck",
        disable_api_stop: Option<AttributeBooleanValue> = "DisableApiStop",
        dry_run: Option<bool> = "DryRun",
        instance_id: String = "InstanceId",
        attribute: Option<String> = "Attribute",
        value: Option<Sensitive> = "Value",
        block_device_mappings: Vec<InstanceBlockDeviceMappingSpecification> = "BlockDeviceMapping",
        disable_api_termination: Option<AttributeBooleanValue> = "DisableApiTermination",
        instance_type: Option<AttributeValue> = "InstanceType",
        kernel: Option<AttributeValue> = "Kernel",
        ramdisk: Option<AttributeValue> = "Ramdisk",
        user_data: Option<BlobAttributeValue> = "UserData",
        instance_initiated_shutdown_behavior: Option<AttributeValue> = "InstanceInitiatedShutdownBehavior",
        groups: Vec<String> = "GroupId",
        ebs_optimized: Option<AttributeBooleanValue> = "EbsOptimized",
        sriov_net_support: Option<AttributeValue> = "SriovNetSupport",
        ena_support: Option<AttributeBooleanValue> = "EnaSupport",
    }
}

input! {
    ModifyInstanceMetadataDefaultsRequest {
        http_tokens: Option<String> = "HttpTokens",
        http_put_response_hop_limit: Option<i32> = "HttpPutResponseHopLimit",
        http_endpoint: Option<String> = "HttpEndpoint",
        instance_metadata_tags: Option<String> = "InstanceMetadataTags",
        dry_run: Option<bool> = "DryRun",
        http_tokens_enforced: Option<String> = "HttpTokensEnforced",
    }
}

output! {
    ModifyInstanceMetadataDefaultsResult {
        return_: Option<bool> = "return",
    }
}

input! {
    ModifyInstanceMetadataOptionsRequest {
        instance_id: String = "InstanceId",
        http_tokens: Option<String> = "HttpTokens",
        http_put_response_hop_limit: Option<i32> = "HttpPutResponseHopLimit",
        http_endpoint: Option<String> = "HttpEndpoint",
        dry_run: Option<bool> = "DryRun",
        http_protocol_ipv6: Option<String> = "HttpProtocolIpv6",
        instance_metadata_tags: Option<String> = "InstanceMetadataTags",
    }
}

output! {
    ModifyInstanceMetadataOptionsResult {
        instance_id: Option<String> = "instanceId",
        instance_metadata_options: Option<InstanceMetadataOptionsResponse> = "instanceMetadataOptions",
    }
}

input! {
    ModifyLaunchTemplateRequest {
        dry_run: Option<bool> = "DryRun",
        client_token: Option<String> = "ClientToken",
        launch_template_id: Option<String> = "LaunchTemplateId",
        launch_template_name: Option<String> = "LaunchTemplateName",
        default_version: Option<String> = "SetDefaultVersion",
    }
}

output! {
    ModifyLaunchTemplateResult {
        launch_template: Option<LaunchTemplate> = "launchTemplate",
    }
}

output! {
    Monitoring {
        state: Option<String> = "state",
    }
}

output! {
    NetworkBandwidthGbps {
        min: Option<f64> = "min",
        max: Option<f64> = "max",
    }
}

input! {
    NetworkBandwidthGbpsRequest {
        min: Option<f64> = "Min",
        max: Option<f64> = "Max",
    }
}

output! {
    NetworkCardInfo {
        network_card_index: Option<i32> = "networkCardIndex",
        network_performance: Option<String> = "networkPerformance",
        maximum_network_interfaces: Option<i32> = "maximumNetworkInterfaces",
        additional_flexible_network_interfaces: Option<i32> = "additionalFlexibleNetworkInterfaces",
        baseline_bandwidth_in_gbps: Option<f64> = "baselineBandwidthInGbps",
        peak_bandwidth_in_gbps: Option<f64> = "peakBandwidthInGbps",
        default_ena_queue_count_per_interface: Option<i32> = "defaultEnaQueueCountPerInterface",
        maximum_ena_queue_count: Option<i32> = "maximumEnaQueueCount",
        maximum_ena_queue_count_per_interface: Option<i32> = "maximumEnaQueueCountPerInterface",
    }
}

output! {
    NetworkInfo {
        network_performance: Option<String> = "networkPerformance",
        maximum_network_interfaces: Option<i32> = "maximumNetworkInterfaces",
        maximum_network_cards: Option<i32> = "maximumNetworkCards",
        default_network_card_index: Option<i32> = "defaultNetworkCardIndex",
        network_cards: Vec<NetworkCardInfo> = "networkCards",
        ipv4_addresses_per_interface: Option<i32> = "ipv4AddressesPerInterface",
        ipv6_addresses_per_interface: Option<i32> = "ipv6AddressesPerInterface",
        ipv6_supported: Option<bool> = "ipv6Supported",
        ena_support: Option<String> = "enaSupport",
        efa_supported: Option<bool> = "efaSupported",
        efa_info: Option<EfaInfo> = "efaInfo",
        encryption_in_transit_supported: Option<bool> = "encryptionInTransitSupported",
        ena_srd_supported: Option<bool> = "enaSrdSupported",
        bandwidth_weightings: Vec<String> = "bandwidthWeightings",
        flexible_ena_queues_support: Option<String> = "flexibleEnaQueuesSupport",
        connection_tracking_configuration: Option<DefaultConnectionTrackingConfiguration> = "connectionTrackingConfiguration",
        secondary_network_supported: Option<bool> = "secondaryNetworkSupported",
        maximum_secondary_network_interfaces: Option<i32> = "maximumSecondaryNetworkInterfaces",
        ipv4_addresses_per_secondary_interface: Option<i32> = "ipv4AddressesPerSecondaryInterface",
    }
}

output! {
    NetworkInterfaceCount {
        min: Option<i32> = "min",
        max: Option<i32> = "max",
    }
}

input! {
    NetworkInterfaceCountRequest {
        min: Option<i32> = "Min",
        max: Option<i32> = "Max",
    }
}

output! {
    NeuronDeviceCoreInfo {
        count: Option<i32> = "count",
        version: Option<i32> = "version",
    }
}

output! {
    NeuronDeviceInfo {
        count: Option<i32> = "count",
        name: Option<String> = "name",
        core_info: Option<NeuronDeviceCoreInfo> = "coreInfo",
        memory_info: Option<NeuronDeviceMemoryInfo> = "memoryInfo",
    }
}

output! {
    NeuronDeviceMemoryInfo {
        size_in_mi_b: Option<i32> = "sizeInMiB",
    }
}

output! {
    NeuronInfo {
        neuron_devices: Vec<NeuronDeviceInfo> = "neuronDevices",
        total_neuron_device_memory_in_mi_b: Option<i32> = "totalNeuronDeviceMemoryInMiB",
    }
}

output! {
    NitroTpmInfo {
        supported_versions: Vec<String> = "supportedVersions",
    }
}

input! {
    OperatorRequest {
        principal: Option<String> = "Principal",
    }
}

output! {
    OperatorResponse {
        managed: Option<bool> = "managed",
        principal: Option<String> = "principal",
        hidden_by_default: Option<bool> = "hiddenByDefault",
    }
}

output! {
    PerformanceFactorReference {
        instance_family: Option<String> = "instanceFamily",
    }
}

input! {
    PerformanceFactorReferenceRequest {
        instance_family: Option<String> = "InstanceFamily",
    }
}

both! {
    Placement {
        availability_zone_id: Option<String> = "AvailabilityZoneId" / "availabilityZoneId",
        affinity: Option<String> = "Affinity" / "affinity",
        group_name: Option<String> = "GroupName" / "groupName",
        partition_number: Option<i32> = "PartitionNumber" / "partitionNumber",
        host_id: Option<String> = "HostId" / "hostId",
        tenancy: Option<String> = "Tenancy" / "tenancy",
        spread_domain: Option<String> = "SpreadDomain" / "spreadDomain",
        host_resource_group_arn: Option<String> = "HostResourceGroupArn" / "hostResourceGroupArn",
        group_id: Option<String> = "GroupId" / "groupId",
        availability_zone: Option<String> = "AvailabilityZone" / "availabilityZone",
    }
}

output! {
    PlacementGroupInfo {
        supported_strategies: Vec<String> = "supportedStrategies",
    }
}

output! {
    PrefixListId {
        description: Option<String> = "description",
        prefix_list_id: Option<String> = "prefixListId",
    }
}

output! {
    PrivateDnsNameOptionsOnLaunch {
        hostname_type: Option<String> = "hostnameType",
        enable_resource_name_dns_a_record: Option<bool> = "enableResourceNameDnsARecord",
        enable_resource_name_dns_aaaa_record: Option<bool> = "enableResourceNameDnsAAAARecord",
    }
}

input! {
    PrivateDnsNameOptionsRequest {
        hostname_type: Option<String> = "HostnameType",
        enable_resource_name_dns_a_record: Option<bool> = "EnableResourceNameDnsARecord",
        enable_resource_name_dns_aaaa_record: Option<bool> = "EnableResourceNameDnsAAAARecord",
    }
}

output! {
    PrivateDnsNameOptionsResponse {
        hostname_type: Option<String> = "hostnameType",
        enable_resource_name_dns_a_record: Option<bool> = "enableResourceNameDnsARecord",
        enable_resource_name_dns_aaaa_record: Option<bool> = "enableResourceNameDnsAAAARecord",
    }
}

both! {
    PrivateIpAddressSpecification {
        primary: Option<bool> = "Primary" / "primary",
        private_ip_address: Option<String> = "PrivateIpAddress" / "privateIpAddress",
    }
}

output! {
    ProcessorInfo {
        supported_architectures: Vec<String> = "supportedArchitectures",
        sustained_clock_speed_in_ghz: Option<f64> = "sustainedClockSpeedInGhz",
        supported_features: Vec<String> = "supportedFeatures",
        manufacturer: Option<String> = "manufacturer",
    }
}

output! {
    ProductCode {
        product_code_id: Option<String> = "productCode",
        product_code_type: Option<String> = "type",
    }
}

input! {
    RebootInstancesRequest {
        instance_ids: Vec<String> = "InstanceId" (one_or_more),
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    Region {
        opt_in_status: Option<String> = "optInStatus",
        geography: Vec<RegionGeography> = "geographySet",
        region_name: Option<String> = "regionName",
        endpoint: Option<String> = "regionEndpoint",
    }
}

output! {
    RegionGeography {
        name: Option<String> = "name",
    }
}

input! {
    RegisterImageRequest {
        image_location: Option<String> = "ImageLocation",
        billing_products: Vec<String> = "BillingProduct",
        boot_mode: Option<String> = "BootMode",
        tpm_support: Option<String> = "TpmSupport",
        uefi_data: Option<String> = "UefiData",
        imds_support: Option<String> = "ImdsSupport",
        tag_specifications: Vec<TagSpecification> = "TagSpecification",
        dry_run: Option<bool> = "DryRun",
        name: String = "Name",
        description: Option<String> = "Description",
        architecture: Option<String> = "Architecture",
        kernel_id: Option<String> = "KernelId",
        ramdisk_id: Option<String> = "RamdiskId",
        root_device_name: Option<String> = "RootDeviceName",
        block_device_mappings: Vec<BlockDeviceMapping> = "BlockDeviceMapping",
        virtualization_type: Option<String> = "VirtualizationType",
        sriov_net_support: Option<String> = "SriovNetSupport",
        ena_support: Option<bool> = "EnaSupport",
    }
}

output! {
    RegisterImageResult {
        image_id: Option<String> = "imageId",
    }
}

input! {
    ReplaceIamInstanceProfileAssociationRequest {
        iam_instance_profile: IamInstanceProfileSpecification = "IamInstanceProfile",
        association_id: String = "AssociationId",
    }
}

output! {
    ReplaceIamInstanceProfileAssociationResult {
        iam_instance_profile_association: Option<IamInstanceProfileAssociation> = "iamInstanceProfileAssociation",
    }
}

input! {
    RequestLaunchTemplateData {
        kernel_id: Option<String> = "KernelId",
        ebs_optimized: Option<bool> = "EbsOptimized",
        iam_instance_profile: Option<LaunchTemplateIamInstanceProfileSpecificationRequest> = "IamInstanceProfile",
        block_device_mappings: Vec<LaunchTemplateBlockDeviceMappingRequest> = "BlockDeviceMapping",
        network_interfaces: Vec<LaunchTemplateInstanceNetworkInterfaceSpecificationRequest> = "NetworkInterface",
        image_id: Option<String> = "ImageId",
        instance_type: Option<String> = "InstanceType",
        key_name: Option<String> = "KeyName",
        monitoring: Option<LaunchTemplatesMonitoringRequest> = "Monitoring",
        placement: Option<LaunchTemplatePlacementRequest> = "Placement",
        ram_disk_id: Option<String> = "RamDiskId",
        disable_api_termination: Option<bool> = "DisableApiTermination",
        instance_initiated_shutdown_behavior: Option<String> = "InstanceInitiatedShutdownBehavior",
        user_data: Option<Sensitive> = "UserData",
        tag_specifications: Vec<LaunchTemplateTagSpecificationRequest> = "TagSpecification",
        elastic_gpu_specifications: Vec<ElasticGpuSpecification> = "ElasticGpuSpecification",
        elastic_inference_accelerators: Vec<LaunchTemplateElasticInferenceAccelerator> = "ElasticInferenceAccelerator",
        security_group_ids: Vec<String> = "SecurityGroupId",
        security_groups: Vec<String> = "SecurityGroup",
        instance_market_options: Option<LaunchTemplateInstanceMarketOptionsRequest> = "InstanceMarketOptions",
        credit_specification: Option<CreditSpecificationRequest> = "CreditSpecification",
        cpu_options: Option<LaunchTemplateCpuOptionsRequest> = "CpuOptions",
        capacity_reservation_specification: Option<LaunchTemplateCapacityReservationSpecificationRequest> = "CapacityReservationSpecification",
        license_specifications: Vec<LaunchTemplateLicenseConfigurationRequest> = "LicenseSpecification",
        hibernation_options: Option<LaunchTemplateHibernationOptionsRequest> = "HibernationOptions",
        metadata_options: Option<LaunchTemplateInstanceMetadataOptionsRequest> = "MetadataOptions",
        enclave_options: Option<LaunchTemplateEnclaveOptionsRequest> = "EnclaveOptions",
        instance_requirements: Option<InstanceRequirementsRequest> = "InstanceRequirements",
        private_dns_name_options: Option<LaunchTemplatePrivateDnsNameOptionsRequest> = "PrivateDnsNameOptions",
        maintenance_options: Option<LaunchTemplateInstanceMaintenanceOptionsRequest> = "MaintenanceOptions",
        disable_api_stop: Option<bool> = "DisableApiStop",
        operator: Option<OperatorRequest> = "Operator",
        network_performance_options: Option<LaunchTemplateNetworkPerformanceOptionsRequest> = "NetworkPerformanceOptions",
        secondary_interfaces: Vec<LaunchTemplateInstanceSecondaryInterfaceSpecificationRequest> = "SecondaryInterface",
    }
}

output! {
    Reservation {
        reservation_id: Option<String> = "reservationId",
        owner_id: Option<String> = "ownerId",
        requester_id: Option<String> = "requesterId",
        groups: Vec<GroupIdentifier> = "groupSet" (always),
        instances: Vec<Instance> = "instancesSet" (always),
    }
}

output! {
    ResponseError {
        code: Option<String> = "code",
        message: Option<String> = "message",
    }
}

output! {
    ResponseLaunchTemplateData {
        kernel_id: Option<String> = "kernelId",
        ebs_optimized: Option<bool> = "ebsOptimized",
        iam_instance_profile: Option<LaunchTemplateIamInstanceProfileSpecification> = "iamInstanceProfile",
        block_device_mappings: Vec<LaunchTemplateBlockDeviceMapping> = "blockDeviceMappingSet",
        network_interfaces: Vec<LaunchTemplateInstanceNetworkInterfaceSpecification> = "networkInterfaceSet",
        image_id: Option<String> = "imageId",
        instance_type: Option<String> = "instanceType",
        key_name: Option<String> = "keyName",
        monitoring: Option<LaunchTemplatesMonitoring> = "monitoring",
        placement: Option<LaunchTemplatePlacement> = "placement",
        ram_disk_id: Option<String> = "ramDiskId",
        disable_api_termination: Option<bool> = "disableApiTermination",
        instance_initiated_shutdown_behavior: Option<String> = "instanceInitiatedShutdownBehavior",
        user_data: Option<Sensitive> = "userData",
        tag_specifications: Vec<LaunchTemplateTagSpecification> = "tagSpecificationSet",
        elastic_gpu_specifications: Vec<ElasticGpuSpecificationResponse> = "elasticGpuSpecificationSet",
        elastic_inference_accelerators: Vec<LaunchTemplateElasticInferenceAcceleratorResponse> = "elasticInferenceAcceleratorSet",
        security_group_ids: Vec<String> = "securityGroupIdSet",
        security_groups: Vec<String> = "securityGroupSet",
        instance_market_options: Option<LaunchTemplateInstanceMarketOptions> = "instanceMarketOptions",
        credit_specification: Option<CreditSpecification> = "creditSpecification",
        cpu_options: Option<LaunchTemplateCpuOptions> = "cpuOptions",
        capacity_reservation_specification: Option<LaunchTemplateCapacityReservationSpecificationResponse> = "capacityReservationSpecification",
        license_specifications: Vec<LaunchTemplateLicenseConfiguration> = "licenseSet",
        hibernation_options: Option<LaunchTemplateHibernationOptions> = "hibernationOptions",
        metadata_options: Option<LaunchTemplateInstanceMetadataOptions> = "metadataOptions",
        enclave_options: Option<LaunchTemplateEnclaveOptions> = "enclaveOptions",
        instance_requirements: Option<InstanceRequirements> = "instanceRequirements",
        private_dns_name_options: Option<LaunchTemplatePrivateDnsNameOptions> = "privateDnsNameOptions",
        maintenance_options: Option<LaunchTemplateInstanceMaintenanceOptions> = "maintenanceOptions",
        disable_api_stop: Option<bool> = "disableApiStop",
        operator: Option<OperatorResponse> = "operator",
        network_performance_options: Option<LaunchTemplateNetworkPerformanceOptions> = "networkPerformanceOptions",
        secondary_interfaces: Vec<LaunchTemplateInstanceSecondaryInterfaceSpecification> = "secondaryInterfaceSet",
    }
}

input! {
    RunInstancesMonitoringEnabled {
        enabled: bool = "Enabled",
    }
}

input! {
    RunInstancesRequest {
        block_device_mappings: Vec<BlockDeviceMapping> = "BlockDeviceMapping",
        image_id: Option<String> = "ImageId",
        instance_type: Option<String> = "InstanceType",
        ipv6_address_count: Option<i32> = "Ipv6AddressCount",
        ipv6_addresses: Vec<InstanceIpv6Address> = "Ipv6Address",
        kernel_id: Option<String> = "KernelId",
        key_name: Option<String> = "KeyName",
        max_count: i32 = "MaxCount",
        min_count: i32 = "MinCount",
        monitoring: Option<RunInstancesMonitoringEnabled> = "Monitoring",
        placement: Option<Placement> = "Placement",
        ramdisk_id: Option<String> = "RamdiskId",
        security_group_ids: Vec<String> = "SecurityGroupId",
        security_groups: Vec<String> = "SecurityGroup",
        subnet_id: Option<String> = "SubnetId",
        user_data: Option<Sensitive> = "UserData",
        elastic_gpu_specification: Vec<ElasticGpuSpecification> = "ElasticGpuSpecification",
        elastic_inference_accelerators: Vec<ElasticInferenceAccelerator> = "ElasticInferenceAccelerator",
        tag_specifications: Vec<TagSpecification> = "TagSpecification",
        launch_template: Option<LaunchTemplateSpecification> = "LaunchTemplate",
        instance_market_options: Option<InstanceMarketOptionsRequest> = "InstanceMarketOptions",
        credit_specification: Option<CreditSpecificationRequest> = "CreditSpecification",
        cpu_options: Option<CpuOptionsRequest> = "CpuOptions",
        capacity_reservation_specification: Option<CapacityReservationSpecification> = "CapacityReservationSpecification",
        hibernation_options: Option<HibernationOptionsRequest> = "HibernationOptions",
        license_specifications: Vec<LicenseConfigurationRequest> = "LicenseSpecification",
        metadata_options: Option<InstanceMetadataOptionsRequest> = "MetadataOptions",
        enclave_options: Option<EnclaveOptionsRequest> = "EnclaveOptions",
        private_dns_name_options: Option<PrivateDnsNameOptionsRequest> = "PrivateDnsNameOptions",
        maintenance_options: Option<InstanceMaintenanceOptionsRequest> = "MaintenanceOptions",
        disable_api_stop: Option<bool> = "DisableApiStop",
        enable_primary_ipv6: Option<bool> = "EnablePrimaryIpv6",
        network_performance_options: Option<InstanceNetworkPerformanceOptionsRequest> = "NetworkPerformanceOptions",
        operator: Option<OperatorRequest> = "Operator",
        secondary_interfaces: Vec<InstanceSecondaryInterfaceSpecificationRequest> = "SecondaryInterface",
        dry_run: Option<bool> = "DryRun",
        disable_api_termination: Option<bool> = "DisableApiTermination",
        instance_initiated_shutdown_behavior: Option<String> = "InstanceInitiatedShutdownBehavior",
        private_ip_address: Option<String> = "PrivateIpAddress",
        client_token: Option<String> = "ClientToken",
        additional_info: Option<String> = "AdditionalInfo",
        network_interfaces: Vec<InstanceNetworkInterfaceSpecification> = "NetworkInterface",
        iam_instance_profile: Option<IamInstanceProfileSpecification> = "IamInstanceProfile",
        ebs_optimized: Option<bool> = "EbsOptimized",
    }
}

output! {
    SecondaryInterfacePrivateIpAddressSpecification {
        private_ip_address: Option<String> = "privateIpAddress",
    }
}

input! {
    SecondaryInterfacePrivateIpAddressSpecificationRequest {
        private_ip_address: Option<String> = "PrivateIpAddress",
    }
}

output! {
    SecurityGroup {
        group_id: Option<String> = "groupId",
        ip_permissions_egress: Vec<IpPermission> = "ipPermissionsEgress" (always),
        tags: Vec<Tag> = "tagSet",
        vpc_id: Option<String> = "vpcId",
        security_group_arn: Option<String> = "securityGroupArn",
        owner_id: Option<String> = "ownerId",
        group_name: Option<String> = "groupName",
        description: Option<String> = "groupDescription",
        ip_permissions: Vec<IpPermission> = "ipPermissions" (always),
    }
}

input! {
    SpotMarketOptions {
        max_price: Option<String> = "MaxPrice",
        spot_instance_type: Option<String> = "SpotInstanceType",
        block_duration_minutes: Option<i32> = "BlockDurationMinutes",
        valid_until: Option<Timestamp> = "ValidUntil",
        instance_interruption_behavior: Option<String> = "InstanceInterruptionBehavior",
    }
}

input! {
    StartInstancesRequest {
        instance_ids: Vec<String> = "InstanceId" (one_or_more),
        additional_info: Option<String> = "AdditionalInfo",
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    StartInstancesResult {
        starting_instances: Vec<InstanceStateChange> = "instancesSet" (always),
    }
}

output! {
    StateReason {
        code: Option<String> = "code",
        message: Option<String> = "message",
    }
}

input! {
    StopInstancesRequest {
        instance_ids: Vec<String> = "InstanceId" (one_or_more),
        hibernate: Option<bool> = "Hibernate",
        skip_os_shutdown: Option<bool> = "SkipOsShutdown",
        dry_run: Option<bool> = "DryRun",
        force: Option<bool> = "Force",
    }
}

output! {
    StopInstancesResult {
        stopping_instances: Vec<InstanceStateChange> = "instancesSet" (always),
    }
}

output! {
    Subnet {
        availability_zone_id: Option<String> = "availabilityZoneId",
        enable_lni_at_device_index: Option<i32> = "enableLniAtDeviceIndex",
        map_customer_owned_ip_on_launch: Option<bool> = "mapCustomerOwnedIpOnLaunch",
        customer_owned_ipv4_pool: Option<String> = "customerOwnedIpv4Pool",
        owner_id: Option<String> = "ownerId",
        assign_ipv6_address_on_creation: Option<bool> = "assignIpv6AddressOnCreation",
        ipv6_cidr_block_association_set: Vec<SubnetIpv6CidrBlockAssociation> = "ipv6CidrBlockAssociationSet" (always),
        tags: Vec<Tag> = "tagSet",
        subnet_arn: Option<String> = "subnetArn",
        outpost_arn: Option<String> = "outpostArn",
        enable_dns64: Option<bool> = "enableDns64",
        ipv6_native: Option<bool> = "ipv6Native",
        private_dns_name_options_on_launch: Option<PrivateDnsNameOptionsOnLaunch> = "privateDnsNameOptionsOnLaunch",
        block_public_access_states: Option<BlockPublicAccessStates> = "blockPublicAccessStates",
        type_: Option<String> = "type",
        subnet_id: Option<String> = "subnetId",
        state: Option<String> = "state",
        vpc_id: Option<String> = "vpcId",
        cidr_block: Option<String> = "cidrBlock",
        available_ip_address_count: Option<i32> = "availableIpAddressCount",
        availability_zone: Option<String> = "availabilityZone",
        default_for_az: Option<bool> = "defaultForAz",
        map_public_ip_on_launch: Option<bool> = "mapPublicIpOnLaunch",
    }
}

output! {
    SubnetCidrBlockState {
        state: Option<String> = "state",
        status_message: Option<String> = "statusMessage",
    }
}

output! {
    SubnetIpv6CidrBlockAssociation {
        association_id: Option<String> = "associationId",
        ipv6_cidr_block: Option<String> = "ipv6CidrBlock",
        ipv6_cidr_block_state: Option<SubnetCidrBlockState> = "ipv6CidrBlockState",
        ipv6_address_attribute: Option<String> = "ipv6AddressAttribute",
        ip_source: Option<String> = "ipSource",
    }
}

both! {
    Tag {
        key: Option<String> = "Key" / "key",
        value: Option<String> = "Value" / "value",
    }
}

output! {
    TagDescription {
        key: Option<String> = "key",
        resource_id: Option<String> = "resourceId",
        resource_type: Option<String> = "resourceType",
        value: Option<String> = "value",
    }
}

input! {
    TagSpecification {
        resource_type: Option<String> = "ResourceType",
        tags: Vec<Tag> = "Tag",
    }
}

input! {
    TerminateInstancesRequest {
        instance_ids: Vec<String> = "InstanceId" (one_or_more),
        force: Option<bool> = "Force",
        skip_os_shutdown: Option<bool> = "SkipOsShutdown",
        dry_run: Option<bool> = "DryRun",
    }
}

output! {
    TerminateInstancesResult {
        terminating_instances: Vec<InstanceStateChange> = "instancesSet" (always),
    }
}

output! {
    TotalLocalStorageGB {
        min: Option<f64> = "min",
        max: Option<f64> = "max",
    }
}

input! {
    TotalLocalStorageGBRequest {
        min: Option<f64> = "Min",
        max: Option<f64> = "Max",
    }
}

output! {
    UserIdGroupPair {
        description: Option<String> = "description",
        user_id: Option<String> = "userId",
        group_name: Option<String> = "groupName",
        group_id: Option<String> = "groupId",
        vpc_id: Option<String> = "vpcId",
        vpc_peering_connection_id: Option<String> = "vpcPeeringConnectionId",
        peering_status: Option<String> = "peeringStatus",
    }
}

output! {
    VCpuCountRange {
        min: Option<i32> = "min",
        max: Option<i32> = "max",
    }
}

input! {
    VCpuCountRangeRequest {
        min: i32 = "Min",
        max: Option<i32> = "Max",
    }
}

output! {
    VCpuInfo {
        default_v_cpus: Option<i32> = "defaultVCpus",
        default_cores: Option<i32> = "defaultCores",
        default_threads_per_core: Option<i32> = "defaultThreadsPerCore",
        valid_cores: Vec<i32> = "validCores",
        valid_threads_per_core: Vec<i32> = "validThreadsPerCore",
    }
}

output! {
    ValidationError {
        code: Option<String> = "code",
        message: Option<String> = "message",
    }
}

output! {
    ValidationWarning {
        errors: Vec<ValidationError> = "errorSet",
    }
}

output! {
    Vpc {
        owner_id: Option<String> = "ownerId",
        instance_tenancy: Option<String> = "instanceTenancy",
        ipv6_cidr_block_association_set: Vec<VpcIpv6CidrBlockAssociation> = "ipv6CidrBlockAssociationSet",
        cidr_block_association_set: Vec<VpcCidrBlockAssociation> = "cidrBlockAssociationSet",
        is_default: Option<bool> = "isDefault",
        encryption_control: Option<VpcEncryptionControl> = "encryptionControl",
        tags: Vec<Tag> = "tagSet",
        block_public_access_states: Option<BlockPublicAccessStates> = "blockPublicAccessStates",
        vpc_id: Option<String> = "vpcId",
        state: Option<String> = "state",
        cidr_block: Option<String> = "cidrBlock",
        dhcp_options_id: Option<String> = "dhcpOptionsId",
    }
}

output! {
    VpcCidrBlockAssociation {
        association_id: Option<String> = "associationId",
        cidr_block: Option<String> = "cidrBlock",
        cidr_block_state: Option<VpcCidrBlockState> = "cidrBlockState",
    }
}

output! {
    VpcCidrBlockState {
        state: Option<String> = "state",
        status_message: Option<String> = "statusMessage",
    }
}

output! {
    VpcEncryptionControl {
        vpc_id: Option<String> = "vpcId",
        vpc_encryption_control_id: Option<String> = "vpcEncryptionControlId",
        mode: Option<String> = "mode",
        state: Option<String> = "state",
        state_message: Option<String> = "stateMessage",
        resource_exclusions: Option<VpcEncryptionControlExclusions> = "resourceExclusions",
        tags: Vec<Tag> = "tagSet",
    }
}

output! {
    VpcEncryptionControlExclusion {
        state: Option<String> = "state",
        state_message: Option<String> = "stateMessage",
    }
}

output! {
    VpcEncryptionControlExclusions {
        internet_gateway: Option<VpcEncryptionControlExclusion> = "internetGateway",
        egress_only_internet_gateway: Option<VpcEncryptionControlExclusion> = "egressOnlyInternetGateway",
        nat_gateway: Option<VpcEncryptionControlExclusion> = "natGateway",
        virtual_private_gateway: Option<VpcEncryptionControlExclusion> = "virtualPrivateGateway",
        vpc_peering: Option<VpcEncryptionControlExclusion> = "vpcPeering",
        lambda: Option<VpcEncryptionControlExclusion> = "lambda",
        vpc_lattice: Option<VpcEncryptionControlExclusion> = "vpcLattice",
        elastic_file_system: Option<VpcEncryptionControlExclusion> = "elasticFileSystem",
    }
}

output! {
    VpcIpv6CidrBlockAssociation {
        association_id: Option<String> = "associationId",
        ipv6_cidr_block: Option<String> = "ipv6CidrBlock",
        ipv6_cidr_block_state: Option<VpcCidrBlockState> = "ipv6CidrBlockState",
        network_border_group: Option<String> = "networkBorderGroup",
        ipv6_pool: Option<String> = "ipv6Pool",
        ipv6_address_attribute: Option<String> = "ipv6AddressAttribute",
        ip_source: Option<String> = "ipSource",
    }
}
