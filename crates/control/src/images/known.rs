//! The images that exist: Amazon's, those that the operator names, and those that were registered here.

use imds_account::{Stored, keys, records};
use imds_core::ImageId;
use imds_core::image::WellKnownImage;
use imds_core::instance_type::Architecture;
use imds_ec2::Fault;

use super::preset::PresetImage;
use crate::call::{Call, Refusal};

/// The account that owns what Amazon publishes.
const AMAZON: &str = "137112412989";

/// The images that are there in each Region, with the names that a search for Amazon's images finds; `ARCH`
/// stands for the processors.
const WELL_KNOWN: [(WellKnownImage, &str, &str); 2] = [
    (
        WellKnownImage::AmazonLinux2,
        "amzn2-ami-hvm-2.0.20250101.0-ARCH-gp2",
        "Amazon Linux 2 AMI 2.0.20250101.0 ARCH HVM gp2",
    ),
    (
        WellKnownImage::AmazonLinux2023,
        "al2023-ami-2023.6.20250101.0-kernel-6.1-ARCH",
        "Amazon Linux 2023 AMI 2023.6.20250101.0 ARCH HVM kernel-6.1",
    ),
];

/// When the well-known images were made, in seconds since 1970: 2025-01-01T00:00:00Z.
pub(crate) const PUBLISHED: u64 = 1_735_689_600;

/// An image that exists.
pub(super) struct KnownImage {
    pub(super) id: ImageId,
    pub(super) record: records::Image,
    pub(super) origin: Origin,
}

/// Whose an image is.
#[derive(Clone)]
pub(super) enum Origin {
    /// Amazon publishes it.
    Amazon,
    /// The operator names it.
    Preset,
    /// It was registered here, as what was read says.
    Registered(Box<Stored<records::Image>>),
}

/// The image with this id; what is written next relies on it.
pub(super) fn find(call: &Call<'_>, id: &str) -> Result<KnownImage, Refusal> {
    let parsed: ImageId = id.parse().map_err(|_| {
        let message = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
        Fault::client("InvalidAMIID.Malformed", message)
    })?;
    if let Some(image) = well_known(call)?.into_iter().find(|image| image.id == parsed) {
        return Ok(image);
    }
    if let Some(stored) = call.rely_on(&keys::image(&call.region, id))? {
        let record = stored.record.clone();
        return Ok(KnownImage { id: parsed, record, origin: Origin::Registered(stored.into()) });
    }
    let preset = call.images.iter().find(|preset| preset.image.id == parsed);
    preset.map(|preset| of_preset(call, preset)).ok_or_else(|| {
        Fault::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist"))
            .into()
    })
}

/// All images; of those that cannot be read, none.
pub(super) fn all(call: &Call<'_>) -> Result<Vec<KnownImage>, Refusal> {
    let mut all = well_known(call)?;
    for (id, stored) in call.scan(&keys::images(&call.region))? {
        if let Ok(id) = id.parse() {
            let record = stored.record.clone();
            all.push(KnownImage { id, record, origin: Origin::Registered(stored.into()) });
        }
    }
    for preset in call.images {
        if all.iter().all(|image| image.id != preset.image.id) {
            all.push(of_preset(call, preset));
        }
    }
    Ok(all)
}

fn of_preset(call: &Call<'_>, preset: &PresetImage) -> KnownImage {
    let image = &preset.image;
    let record = records::Image {
        name: preset.name.clone(),
        description: None,
        owner: call.account.clone(),
        created_at: PUBLISHED,
        imds_v2_support: image.imds_v2_support,
        architecture: image.architecture.as_str().to_owned(),
        root_device: image.root_device.clone(),
        platform: image.platform,
        devices: Vec::new(),
        source: None,
        permissions: <_>::default(),
        attributes: <_>::default(),
    };
    KnownImage { id: image.id.clone(), record, origin: Origin::Preset }
}

fn well_known(call: &Call<'_>) -> Result<Vec<KnownImage>, Refusal> {
    let owner: imds_core::AccountId = AMAZON.parse().map_err(|_| Fault::internal())?;
    let of_each = WELL_KNOWN.into_iter().flat_map(|image| {
        [Architecture::X86_64, Architecture::Arm64].map(|architecture| (image, architecture))
    });
    let images = of_each.map(|((image, name, description), architecture)| {
        let image = image.in_region(&call.region, architecture);
        let named = |text: &str| text.replace("ARCH", architecture.as_str());
        let record = records::Image {
            name: named(name),
            description: Some(named(description)),
            owner: owner.clone(),
            created_at: PUBLISHED,
            imds_v2_support: image.imds_v2_support,
            architecture: image.architecture.as_str().to_owned(),
            root_device: image.root_device,
            platform: image.platform,
            devices: Vec::new(),
            source: None,
            permissions: <_>::default(),
            attributes: <_>::default(),
        };
        KnownImage { id: image.id, record, origin: Origin::Amazon }
    });
    Ok(images.collect())
}
