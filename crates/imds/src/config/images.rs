//! Images of the account that the operator names.

use imds_account::zones::REGIONS;
use imds_control::PresetImage;
use imds_core::Launch;
use imds_core::image::{Image, Platform, ROOT_DEVICE, WellKnownImage};
use imds_core::instance_type::Architecture;
use imds_core::launch::LaunchImage;
use imds_core::placement::Region;

use crate::error::CommandError;
use crate::settings::{ImageArchitecture, ImageSettings};

/// The root device of Windows.
const WINDOWS_ROOT: &str = "/dev/sda1";

/// The images of `settings`, which no two name alike.
pub(super) fn presets(settings: &[ImageSettings]) -> Result<Vec<PresetImage>, CommandError> {
    let presets: Vec<_> = settings.iter().map(preset).collect::<Result<_, _>>()?;
    REGIONS
        .iter()
        .filter_map(|(name, _)| name.parse().ok())
        .try_for_each(|region| check_built_in(&presets, &region))?;
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

/// Fails if one of them has the id of an image that is there in `region` anyway, and would never be found.
fn check_built_in(presets: &[PresetImage], region: &Region) -> Result<(), CommandError> {
    for PresetImage { image: Image { id, .. }, .. } in presets {
        for architecture in [Architecture::X86_64, Architecture::Arm64] {
            let built_in = WellKnownImage::ALL
                .into_iter()
                .find(|image| image.in_region(region, architecture).id == *id);
            if let Some(built_in) = built_in {
                return Err(CommandError::usage(format!(
                    "the image {id} of the settings file is the built-in image {built_in} for {} in {region}",
                    architecture.as_str()
                ))
                .hint("give the image in [[image]] another id: built-in images cannot be changed"));
            }
        }
    }
    Ok(())
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
    let instance = launch.clone().resolve()?;
    check_built_in(presets, instance.zone.region())?;
    let LaunchImage::Id(id) = &launch.image else { return Ok(()) };
    let preset = presets.iter().find(|preset| preset.image.id == *id);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What `[[image]]` says with this id, launched in `region`.
    fn refusal(id: &str, region: &str) -> Option<String> {
        let settings: ImageSettings = toml::from_str(&format!("id = {id:?}")).unwrap();
        let mut launch = Launch { region: region.parse().ok(), ..Launch::default() };
        let joined = presets(&[settings]).and_then(|mut all| join(&mut launch, &mut all));
        joined.err().map(|error| error.to_string())
    }

    #[test]
    fn an_image_cannot_have_the_id_of_a_built_in_one() {
        for image in WellKnownImage::ALL {
            for architecture in [Architecture::X86_64, Architecture::Arm64] {
                // The first is one of those that the API lists, the second is the launch's own.
                for region in ["eu-west-1", "mx-central-9"] {
                    let id = image.in_region(&region.parse().unwrap(), architecture).id;
                    let refusal = refusal(id.as_str(), region).unwrap();
                    for word in [id.as_str(), image.as_str(), architecture.as_str(), region] {
                        assert!(refusal.contains(word), "{word}: {refusal}");
                    }
                }
            }
        }
        assert_eq!(refusal("ami-0123456789abcdef0", "eu-west-1"), None);
    }
}
