//! Images: those that everybody knows, and those that were registered here.

use imds_core::image::{Image, Virtualization, WellKnownImage};
use imds_core::instance_type::Architecture;
use imds_ec2::Fault;
use imds_store::keys;

use super::call::{Call, Refusal};

/// The image with this id, for the processors it is to run on.
pub(super) fn find(
    call: &Call<'_>,
    id: &str,
    architecture: Architecture,
) -> Result<Image, Refusal> {
    let parsed = id.parse().map_err(|_| {
        Fault::client(
            "InvalidAMIID.Malformed",
            format!("Invalid id: \"{id}\" (expecting \"ami-...\")"),
        )
    })?;
    let well_known = [WellKnownImage::AmazonLinux2, WellKnownImage::AmazonLinux2023];
    let mut well_known =
        well_known.map(|image| image.in_region(&call.region, architecture)).into_iter();
    if let Some(image) = well_known.find(|image| image.id == parsed) {
        return Ok(image);
    }
    let kept = call.read(&keys::image(&call.region, id))?;
    let kept = kept.ok_or_else(|| {
        Fault::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist"))
    })?;
    Ok(Image {
        id: parsed,
        imds_v2_support: kept.record.imds_v2_support,
        architecture,
        virtualization: Virtualization::Hvm,
        root_device: kept.record.root_device,
        block_devices: Vec::new(),
        manifest_path: None,
        ancestors: Vec::new(),
        product_codes: Vec::new(),
        kernel: None,
        ramdisk: None,
    })
}
