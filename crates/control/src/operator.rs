//! Calls from the same process, of who runs the host: nothing is signed, and everything is allowed. They do
//! what the calls of the API do, by the same functions.

use imds_account::keys;
use imds_core::placement::Region;
use imds_ec2::types::{
    DescribeInstancesRequest, DescribeInstancesResult, DescribeLaunchTemplateVersionsRequest,
    DescribeLaunchTemplateVersionsResult, DescribeLaunchTemplatesRequest,
    DescribeLaunchTemplatesResult, GetInstanceMetadataDefaultsRequest,
    GetInstanceMetadataDefaultsResult, ModifyInstanceMetadataDefaultsRequest,
    ModifyInstanceMetadataDefaultsResult, ModifyInstanceMetadataOptionsRequest,
    ModifyInstanceMetadataOptionsResult, RunInstancesRequest,
};
use imds_ec2::{Fault, Operation};

use super::abandoned::Abandoned;
use super::admin::{AdminAnswer, AdminRequest};
use super::call::{Call, Refusal};
use super::instances::describe;
use super::instances::preview::{LaunchPreview, preview};
use super::launch_templates::{templates, versions};
use super::refusal::AdminRefusal;
use super::{Asking, Control, ids, metadata_defaults, metadata_options};

impl Control {
    /// `DescribeInstances` in a Region; `now` is in seconds since 1970.
    pub fn describe_instances(
        &self,
        region: &Region,
        request: &DescribeInstancesRequest,
        now: u64,
    ) -> Result<DescribeInstancesResult, Fault> {
        self.operate(region, request, now, describe::describe)
    }

    /// `ModifyInstanceMetadataOptions` in a Region; `now` is in seconds since 1970.
    pub fn modify_metadata_options(
        &self,
        region: &Region,
        request: &ModifyInstanceMetadataOptionsRequest,
        now: u64,
    ) -> Result<ModifyInstanceMetadataOptionsResult, Fault> {
        self.operate(region, request, now, metadata_options::modify)
    }

    /// `GetInstanceMetadataDefaults` in a Region; `now` is in seconds since 1970.
    pub fn metadata_defaults(
        &self,
        region: &Region,
        now: u64,
    ) -> Result<GetInstanceMetadataDefaultsResult, Fault> {
        let request = GetInstanceMetadataDefaultsRequest::default();
        self.operate(region, &request, now, metadata_defaults::get)
    }

    /// `ModifyInstanceMetadataDefaults` in a Region; `now` is in seconds since 1970.
    pub fn modify_metadata_defaults(
        &self,
        region: &Region,
        request: &ModifyInstanceMetadataDefaultsRequest,
        now: u64,
    ) -> Result<ModifyInstanceMetadataDefaultsResult, Fault> {
        self.operate(region, request, now, metadata_defaults::modify)
    }

    /// `DescribeLaunchTemplates` in a Region; `now` is in seconds since 1970.
    pub fn describe_launch_templates(
        &self,
        region: &Region,
        request: &DescribeLaunchTemplatesRequest,
        now: u64,
    ) -> Result<DescribeLaunchTemplatesResult, Fault> {
        self.operate(region, request, now, templates::describe)
    }

    /// `DescribeLaunchTemplateVersions` in a Region; `now` is in seconds since 1970.
    pub fn describe_launch_template_versions(
        &self,
        region: &Region,
        request: &DescribeLaunchTemplateVersionsRequest,
        now: u64,
    ) -> Result<DescribeLaunchTemplateVersionsResult, Fault> {
        self.operate(region, request, now, versions::describe)
    }

    /// What `RunInstances` would give in a Region; nothing is launched. `now` is in seconds since 1970.
    pub fn preview_launch(
        &self,
        region: &Region,
        request: &RunInstancesRequest,
        now: u64,
    ) -> Result<LaunchPreview, Fault> {
        self.operate(region, request, now, preview)
    }

    /// What this program's own commands ask in a Region; `now` is in seconds since 1970.
    pub fn administer_locally(
        &self,
        region: &Region,
        request: &AdminRequest,
        now: u64,
    ) -> Result<AdminAnswer, AdminRefusal> {
        self.administer_as(request, &self.operator(region.clone()), now)
    }

    /// The Regions that have an instance, in the order of their names.
    pub fn regions_with_instances(&self) -> Result<Vec<Region>, Fault> {
        let prefix = keys::every_instance();
        let (mut regions, mut after) = (Vec::new(), prefix.as_str().to_owned());
        loop {
            let page = self.store.kv().page(prefix.as_str(), Some(&after), 1).map_err(|error| {
                tracing::error!(%error, "cannot list Regions");
                Fault::internal()
            })?;
            let readable = page.entries.iter().map(|entry| &entry.key);
            let mut keys = readable.chain(page.unreadable.iter().map(|entry| &entry.key));
            let Some(region) =
                keys.find_map(|key| prefix.rest(key)).and_then(|rest| rest.split('/').next())
            else {
                return Ok(regions);
            };
            // Behind all instances of this Region: `0` follows `/`.
            after = format!("{}{region}0", prefix.as_str());
            regions.extend(region.parse().ok());
        }
    }

    fn operate<O: Operation, T>(
        &self,
        region: &Region,
        request: &O,
        now: u64,
        operation: impl Fn(&Call<'_>, &O) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let principal = self.operator(region.clone());
        let asking = Asking {
            principal: &principal,
            action: O::ACTION,
            dry_run: false,
            request_id: &ids::request_id().unwrap_or_default(),
            abandoned: &Abandoned::default(),
            now,
        };
        self.attempt(&asking, |call| operation(call, request))
    }
}
