//! Images of the account that the operator names.

use imds_control::PresetImage;
use imds_core::Launch;
use imds_core::image::{Image, Platform, ROOT_DEVICE, WellKnownImage};
use imds_core::instance_type::Architecture;
use imds_core::launch::LaunchImage;

use crate::error::CommandError;
use crate::settings::{ImageArchitecture, ImageSettings};

/// The root device of Windows.
const WINDOWS_ROOT: &str = "/dev/sda1";

/// The images of `settings`, which no two name alike.
pub(super) fn presets(settings: &[ImageSettings]) -> Result<Vec<PresetImage>, CommandError> {
    let presets: Vec<_> = settings.iter().map(preset).collect::<Result<_, _>>()?;
    for (index, one) in presets.iter().enumerate() {
        for other in &presets[..index] {
            let twice = |what: &str, value: &str| {
                CommandError::usage(format!(
                    "two images of the settings file have the {what} {value}"
                ))
            };
            if one.image.id == other.image.id {
                return Err(twice("id", one.image.id.as_str()));
            }
            if one.name == other.name {
                return Err(twice("name", &one.name));
            }
            if let Some(name) = one.parameters.iter().find(|name| other.parameters.contains(name)) {
                return Err(twice("parameter", name));
            }
        }
    }
    Ok(presets)
}

fn preset(settings: &ImageSettings) -> Result<PresetImage, CommandError> {
    let name = settings.name.clone().unwrap_or_else(|| settings.id.to_string());
    if !(3..=128).contains(&name.len()) {
        let message = format!("the image name {name:?} does not have 3 to 128 characters");
        return Err(CommandError::usage(message));
    }
    if let Some(parameter) = settings.parameters.iter().find(|name| !is_parameter(name)) {
        return Err(CommandError::usage(format!(
            "{parameter:?} cannot be the name of a parameter"
        ))
        .hint("use letters, digits and _.-/, such as /golden/ami; not /aws/…"));
    }
    let architecture = match settings.architecture {
        ImageArchitecture::X86_64 => Architecture::X86_64,
        ImageArchitecture::Arm64 => Architecture::Arm64,
    };
    let usual_root = match settings.platform {
        Platform::Linux => ROOT_DEVICE,
        Platform::Windows => WINDOWS_ROOT,
    };
    let root_device = settings.root_device.clone().unwrap_or_else(|| usual_root.to_owned());
    let image = Image {
        imds_v2_support: settings.imds_support.is_some(),
        platform: settings.platform,
        ..Image::backed_by_ebs(settings.id.clone(), architecture, root_device)
    };
    Ok(PresetImage { image, name, parameters: settings.parameters.clone() })
}

/// Source: AWS Systems Manager API, `PutParameter`.
fn is_parameter(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    (1..=1011).contains(&name.len())
        && name.chars().all(allowed)
        && !name.trim_start_matches('/').starts_with("aws")
}

/// Gives the launch all that is known of its image, and adds an image that only the launch names.
pub(crate) fn join(
    launch: &mut Launch,
    presets: &mut Vec<PresetImage>,
) -> Result<(), CommandError> {
    let LaunchImage::Id(id) = &launch.image else { return Ok(()) };
    let preset = presets.iter().find(|preset| preset.image.id == *id);
    let instance = launch.clone().resolve()?;
    let architecture = instance.instance_type.architecture();
    if let Some(preset) = preset {
        let image = preset.image.clone();
        if image.architecture != architecture {
            return Err(CommandError::usage(format!(
                "the image {id} is for {}, but {} is for {}",
                image.architecture.as_str(),
                instance.instance_type,
                architecture.as_str()
            ))
            .hint("choose another --instance-type, or correct the architecture in [[image]]"));
        }
        launch.image = image.into();
    } else if WellKnownImage::with_id(id, instance.zone.region(), architecture).is_none() {
        presets.push(PresetImage {
            name: id.to_string(),
            image: instance.image,
            parameters: Vec::new(),
        });
    }
    Ok(())
}
