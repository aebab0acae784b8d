//! What a launch would give, without one.

use imds_account::launch::resolve;
use imds_core::options::{MetadataOptions, Preferences};
use imds_ec2::types::RunInstancesRequest;

use super::launch_refused;
use super::run::launch;
use crate::call::{Call, Refusal};
use crate::{ids, launch_templates, metadata_defaults};

/// The metadata options that a launch would give its instances, and what each layer states. Of an option, the
/// first layer that states it decides: the launch with its template, the account, the image; then EC2's default.
#[derive(Clone, Debug)]
pub struct LaunchPreview {
    /// The image's id.
    pub image_id: String,
    /// The instance type.
    pub instance_type: String,
    /// What instances would get.
    pub options: MetadataOptions,
    /// What the launch and its template state.
    pub launch: Preferences,
    /// What the account's defaults state.
    pub account: Preferences,
    /// What the image states.
    pub image: Preferences,
}

/// Resolves a launch as far as its metadata options, and refuses what a launch refuses on the way there. Subnets,
/// addresses and volumes are not looked at.
pub(crate) fn preview(
    call: &Call<'_>,
    request: &RunInstancesRequest,
) -> Result<LaunchPreview, Refusal> {
    let request = &launch_templates::launch::applied(call, request)?;
    let (launch, _) = launch(call, request, &ids::new("r-")?)?;
    let stated = launch.options;
    let defaults = metadata_defaults::of(call)?;
    let instance = resolve(launch, defaults).map_err(launch_refused)?;
    Ok(LaunchPreview {
        image_id: instance.image.id.to_string(),
        instance_type: instance.instance_type.to_string(),
        options: instance.options,
        launch: stated,
        account: defaults.preferences,
        image: instance.image.preferences(),
    })
}
