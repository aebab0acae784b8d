//! Parameters of Systems Manager's Parameter Store that have the id of an image: those that Amazon publishes, and
//! those that the operator names with an image.
//!
//! Source: Amazon Linux User Guides, "Launching … using the SSM parameter store".

use imds_core::image::WellKnownImage;
use imds_core::instance_type::Architecture::{self, Arm64, X86_64};
use imds_core::placement::Region;
use imds_ec2::Fault;

use super::call::{Call, Refusal};
use super::images::PresetImage;

/// Where the public parameters are.
const PUBLIC: &str = "/aws/service/ami-amazon-linux-latest/";

/// The public parameters. Here an operating system has one image for each kind of processor, which all of its
/// parameters name.
const NAMES: [(WellKnownImage, Architecture, &[&str]); 4] = [
    (
        WellKnownImage::AmazonLinux2,
        X86_64,
        &[
            "amzn2-ami-hvm-x86_64-ebs",
            "amzn2-ami-hvm-x86_64-gp2",
            "amzn2-ami-kernel-5.10-hvm-x86_64-ebs",
            "amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
            "amzn2-ami-minimal-hvm-x86_64-ebs",
        ],
    ),
    (
        WellKnownImage::AmazonLinux2,
        Arm64,
        &[
            "amzn2-ami-hvm-arm64-gp2",
            "amzn2-ami-kernel-5.10-hvm-arm64-gp2",
            "amzn2-ami-minimal-hvm-arm64-ebs",
        ],
    ),
    (
        WellKnownImage::AmazonLinux2023,
        X86_64,
        &[
            "al2023-ami-kernel-6.1-x86_64",
            "al2023-ami-kernel-default-x86_64",
            "al2023-ami-minimal-kernel-6.1-x86_64",
            "al2023-ami-minimal-kernel-default-x86_64",
        ],
    ),
    (
        WellKnownImage::AmazonLinux2023,
        Arm64,
        &[
            "al2023-ami-kernel-6.1-arm64",
            "al2023-ami-kernel-default-arm64",
            "al2023-ami-minimal-kernel-6.1-arm64",
            "al2023-ami-minimal-kernel-default-arm64",
        ],
    ),
];

/// The beginning of an image id that is the name of a parameter. Source: EC2 API `RunInstances`.
const RESOLVE: &str = "resolve:ssm:";

/// The version of each parameter: none ever changes.
pub(super) const VERSION: u32 = 1;

/// A parameter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// The id of an image.
    pub(super) value: String,
    pub(super) is_public: bool,
}

/// Why there is no parameter of a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoParameter {
    Name,
    /// There is one, but not in this version or with this label.
    Version,
}

/// All parameters of a Region, in the order of their names.
pub(super) fn all(region: &Region, images: &[PresetImage]) -> Vec<Parameter> {
    let public = NAMES.into_iter().flat_map(|(image, architecture, names)| {
        let id = image.in_region(region, architecture).id;
        names.iter().map(move |name| Parameter {
            name: format!("{PUBLIC}{name}"),
            value: id.to_string(),
            is_public: true,
        })
    });
    let own = images.iter().flat_map(|preset| {
        preset.parameters.iter().map(|name| Parameter {
            name: name.clone(),
            value: preset.image.id.to_string(),
            is_public: false,
        })
    });
    let mut all: Vec<_> = public.chain(own).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// The parameter that `reference` names, and the version it names: by name or ARN, with `:VERSION` behind it or
/// without.
pub(super) fn find<'a>(
    region: &Region,
    images: &[PresetImage],
    reference: &'a str,
) -> Result<(Parameter, Option<&'a str>), NoParameter> {
    let path = reference.strip_prefix("arn:").and_then(|arn| arn.split_once(":parameter"));
    let name = path.map_or(reference, |(_, name)| name);
    let (name, selector) =
        name.split_once(':').map_or((name, None), |(name, selector)| (name, Some(selector)));
    let found = all(region, images).into_iter().find(|it| it.name == name);
    let found = found.ok_or(NoParameter::Name)?;
    match selector {
        Some(selector) if selector != VERSION.to_string() => Err(NoParameter::Version),
        selector => Ok((found, selector)),
    }
}

/// The id of the image that `image` means: by its id, or by the parameter that has it.
pub(super) fn image_id(call: &Call<'_>, image: &str) -> Result<String, Refusal> {
    let Some(reference) = image.strip_prefix(RESOLVE) else { return Ok(image.to_owned()) };
    let found = find(&call.region, call.images, reference);
    let (parameter, _) = found.map_err(|error| {
        let why = match error {
            NoParameter::Name => "does not exist",
            NoParameter::Version => "does not have that version or label",
        };
        let message = format!(
            "The parameter '{reference}' of AWS Systems Manager {why}. (imds has the public parameters of Amazon \
             Linux, and those of images in its settings file.)"
        );
        Fault::client("SsmInvalidParameter", message)
    })?;
    Ok(parameter.value)
}

#[cfg(test)]
mod tests {
    use imds_core::image::Image;

    use super::*;

    fn presets() -> Vec<PresetImage> {
        let id = "ami-0123456789abcdef0".parse().unwrap();
        vec![PresetImage {
            image: Image::backed_by_ebs(id, X86_64, "/dev/xvda".to_owned()),
            name: "golden".to_owned(),
            parameters: vec!["/golden/ami".to_owned()],
        }]
    }

    #[test]
    fn parameters_are_found_by_name_version_and_arn() {
        let region = "eu-west-1".parse().unwrap();
        let found = |reference| {
            find(&region, &presets(), reference).map(|(it, selector)| (it.value, selector))
        };
        let golden = || "ami-0123456789abcdef0".to_owned();
        for (reference, expected) in [
            ("/golden/ami", Ok((golden(), None))),
            ("/golden/ami:1", Ok((golden(), Some("1")))),
            ("arn:aws:ssm:eu-west-1:123456789012:parameter/golden/ami", Ok((golden(), None))),
            (
                "arn:aws:ssm:eu-west-1:123456789012:parameter/golden/ami:1",
                Ok((golden(), Some("1"))),
            ),
            ("/golden/ami:2", Err(NoParameter::Version)),
            ("/golden/ami:latest", Err(NoParameter::Version)),
            ("/golden", Err(NoParameter::Name)),
            ("", Err(NoParameter::Name)),
        ] {
            assert_eq!(found(reference), expected, "{reference}");
        }
    }

    #[test]
    fn each_public_name_is_of_its_system_and_processors() {
        let region = "us-east-1".parse().unwrap();
        for parameter in all(&region, &[]) {
            let system = if parameter.name.contains("/al2023-") {
                WellKnownImage::AmazonLinux2023
            } else {
                WellKnownImage::AmazonLinux2
            };
            let is_arm = parameter.name.contains("arm64");
            let image = system.in_region(&region, if is_arm { Arm64 } else { X86_64 });
            assert_eq!(parameter.value, image.id.as_str(), "{}", parameter.name);
        }
    }
}
