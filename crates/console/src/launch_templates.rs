//! Launch templates, their versions, and what a launch from one would get, by the calls of the EC2 API.

use imds_account::clock::unix_ms;
use imds_control::{Control, LaunchPreview};
use imds_core::options::{MetadataOptions, Preferences};
use imds_core::placement::Region;
use imds_ec2::types::{
    DescribeLaunchTemplateVersionsRequest, DescribeLaunchTemplatesRequest, LaunchTemplate,
    LaunchTemplateSpecification, LaunchTemplateVersion, ResponseLaunchTemplateData,
    RunInstancesRequest,
};
use serde::Serialize;

use crate::error::Refused;

/// How many templates, and how many versions, a page has.
const PAGE: i32 = 100;

/// A page of the launch templates of a Region.
#[derive(Serialize)]
pub(crate) struct TemplatePage {
    pub(crate) region: String,
    pub(crate) launch_templates: Vec<TemplateFacts>,
    /// Asks for the next page, if there is one.
    pub(crate) next: Option<String>,
}

/// A launch template.
#[derive(Serialize)]
pub(crate) struct TemplateFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) default_version: i64,
    pub(crate) latest_version: i64,
    pub(crate) created: Option<String>,
}

/// A page of the versions of a launch template, the newest first.
#[derive(Serialize)]
pub(crate) struct VersionPage {
    pub(crate) launch_template: TemplateFacts,
    pub(crate) versions: Vec<VersionFacts>,
    /// Asks for the next page, if there is one.
    pub(crate) next: Option<String>,
}

/// A version of a launch template. What it does not state is `None`.
#[derive(Serialize)]
pub(crate) struct VersionFacts {
    pub(crate) version: i64,
    pub(crate) is_default: bool,
    pub(crate) description: Option<String>,
    pub(crate) created: Option<String>,
    pub(crate) image_id: Option<String>,
    pub(crate) instance_type: Option<String>,
    pub(crate) metadata_options: StatedOptions,
}

/// The metadata options that a version states, with EC2's names and values.
#[derive(Default, Serialize)]
pub(crate) struct StatedOptions {
    pub(crate) http_endpoint: Option<String>,
    pub(crate) http_protocol_ipv6: Option<String>,
    pub(crate) http_tokens: Option<String>,
    pub(crate) http_put_response_hop_limit: Option<i32>,
    pub(crate) instance_metadata_tags: Option<String>,
}

/// What a launch would get.
#[derive(Serialize)]
pub(crate) struct LaunchFacts {
    pub(crate) image_id: String,
    pub(crate) instance_type: String,
    pub(crate) metadata_options: ResolvedOptions,
}

/// Metadata options, each with what decides it.
#[derive(Serialize)]
pub(crate) struct ResolvedOptions {
    pub(crate) http_endpoint: Resolved<String>,
    pub(crate) http_protocol_ipv6: Resolved<String>,
    pub(crate) http_tokens: Resolved<String>,
    pub(crate) http_put_response_hop_limit: Resolved<u8>,
    pub(crate) instance_metadata_tags: Resolved<String>,
}

/// A value, and the first of all layers that states it.
#[derive(Serialize)]
pub(crate) struct Resolved<T> {
    pub(crate) value: T,
    pub(crate) stated_by: Layer,
}

/// What may state a metadata option.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Layer {
    LaunchTemplate,
    /// The account's defaults in the Region.
    Account,
    Image,
    /// Nothing: it is EC2's default.
    Ec2,
}

impl TemplateFacts {
    fn new(template: LaunchTemplate) -> Self {
        Self {
            id: template.launch_template_id.unwrap_or_default(),
            name: template.launch_template_name.unwrap_or_default(),
            default_version: template.default_version_number.unwrap_or_default(),
            latest_version: template.latest_version_number.unwrap_or_default(),
            created: template.create_time.map(|time| time.to_string()),
        }
    }
}

impl VersionFacts {
    fn new(version: LaunchTemplateVersion) -> Self {
        let ResponseLaunchTemplateData { image_id, instance_type, metadata_options, .. } =
            version.launch_template_data.unwrap_or_default();
        let options = metadata_options.unwrap_or_default();
        Self {
            version: version.version_number.unwrap_or_default(),
            is_default: version.default_version.unwrap_or_default(),
            description: version.version_description,
            created: version.create_time.map(|time| time.to_string()),
            image_id,
            instance_type,
            metadata_options: StatedOptions {
                http_endpoint: options.http_endpoint,
                http_protocol_ipv6: options.http_protocol_ipv6,
                http_tokens: options.http_tokens,
                http_put_response_hop_limit: options.http_put_response_hop_limit,
                instance_metadata_tags: options.instance_metadata_tags,
            },
        }
    }
}

impl LaunchFacts {
    fn new(preview: &LaunchPreview) -> Self {
        let LaunchPreview { image_id, instance_type, options, launch, account, image } = preview;
        Self {
            image_id: image_id.clone(),
            instance_type: instance_type.clone(),
            metadata_options: ResolvedOptions::new(*options, &[launch, account, image]),
        }
    }
}

impl ResolvedOptions {
    /// `layers` are those of the template, the account and the image.
    fn new(options: MetadataOptions, layers: &[&Preferences; 3]) -> Self {
        let layer = |states: fn(&Preferences) -> bool| {
            let names = [Layer::LaunchTemplate, Layer::Account, Layer::Image];
            let first = layers.iter().position(|layer| states(layer));
            first.map_or(Layer::Ec2, |first| names[first])
        };
        let of = |value: &dyn ToString, states| Resolved {
            value: value.to_string(),
            stated_by: layer(states),
        };
        Self {
            http_endpoint: of(&options.http_endpoint, |it| it.http_endpoint.is_some()),
            http_protocol_ipv6: of(&options.http_protocol_ipv6, |it| {
                it.http_protocol_ipv6.is_some()
            }),
            http_tokens: of(&options.http_tokens, |it| it.http_tokens.is_some()),
            http_put_response_hop_limit: Resolved {
                value: options.hop_limit.get(),
                stated_by: layer(|it| it.hop_limit.is_some()),
            },
            instance_metadata_tags: of(&options.instance_metadata_tags, |it| {
                it.instance_metadata_tags.is_some()
            }),
        }
    }
}

/// A page of the launch templates in a Region.
pub(crate) fn list(
    control: &Control,
    region: &Region,
    next: Option<&str>,
) -> Result<TemplatePage, Refused> {
    let request = DescribeLaunchTemplatesRequest {
        max_results: Some(PAGE),
        next_token: stated(next),
        ..DescribeLaunchTemplatesRequest::default()
    };
    let answer = control.describe_launch_templates(region, &request, now())?;
    let mut launch_templates: Vec<_> =
        answer.launch_templates.into_iter().map(TemplateFacts::new).collect();
    launch_templates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(TemplatePage { region: region.to_string(), launch_templates, next: answer.next_token })
}

/// A launch template, and a page of its versions.
pub(crate) fn versions(
    control: &Control,
    region: &Region,
    id: &str,
    next: Option<&str>,
) -> Result<VersionPage, Refused> {
    let request = DescribeLaunchTemplatesRequest {
        launch_template_ids: vec![id.to_owned()],
        ..DescribeLaunchTemplatesRequest::default()
    };
    let found = control.describe_launch_templates(region, &request, now())?.launch_templates;
    let missing = || Refused::not_found(format!("the launch template {id} cannot be shown"));
    let launch_template = found.into_iter().next().map(TemplateFacts::new).ok_or_else(missing)?;
    let request = DescribeLaunchTemplateVersionsRequest {
        launch_template_id: Some(id.to_owned()),
        max_results: Some(PAGE),
        next_token: stated(next),
        ..DescribeLaunchTemplateVersionsRequest::default()
    };
    let answer = control.describe_launch_template_versions(region, &request, now())?;
    let versions = answer.launch_template_versions.into_iter().map(VersionFacts::new).collect();
    Ok(VersionPage { launch_template, versions, next: answer.next_token })
}

/// What a launch from a version would get now: a number, `$Default` or `$Latest`. `image_id` takes the place of
/// the version's image.
pub(crate) fn launch(
    control: &Control,
    region: &Region,
    (id, version): (&str, &str),
    image_id: Option<&str>,
) -> Result<LaunchFacts, Refused> {
    let request = RunInstancesRequest {
        launch_template: Some(LaunchTemplateSpecification {
            launch_template_id: Some(id.to_owned()),
            launch_template_name: None,
            version: Some(version.to_owned()),
        }),
        image_id: stated(image_id),
        min_count: 1,
        max_count: 1,
        ..RunInstancesRequest::default()
    };
    Ok(LaunchFacts::new(&control.preview_launch(region, &request, now())?))
}

fn stated(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn now() -> u64 {
    unix_ms() / 1000
}

#[cfg(test)]
mod tests {
    use imds_core::options::{HttpTokens, Switch};

    use super::*;

    #[test]
    fn the_first_layer_that_states_an_option_is_named() {
        let hops =
            |hops| Preferences { hop_limit: Some(i64::try_into(hops).unwrap()), ..<_>::default() };
        let template = Preferences { http_endpoint: Some(Switch::Enabled), ..<_>::default() };
        let account = Preferences { http_tokens: Some(HttpTokens::Optional), ..hops(3) };
        let image = Preferences { http_tokens: Some(HttpTokens::Required), ..hops(2) };
        let options = MetadataOptions::resolve(&[template, account, image]);
        let found = ResolvedOptions::new(options, &[&template, &account, &image]);
        assert_eq!(found.http_endpoint.stated_by, Layer::LaunchTemplate);
        assert_eq!(
            (&*found.http_tokens.value, found.http_tokens.stated_by),
            ("optional", Layer::Account)
        );
        let hops = found.http_put_response_hop_limit;
        assert_eq!((hops.value, hops.stated_by), (3, Layer::Account));
        assert_eq!(found.http_protocol_ipv6.stated_by, Layer::Ec2);
        let found = ResolvedOptions::new(options, &[&template, &template, &image]);
        assert_eq!(found.http_tokens.stated_by, Layer::Image);
    }
}
