//! How an instance is launched for a pod or container, as parameters of EC2's `RunInstances`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::InstanceType;
use imds_core::instance_type::Architecture;
use imds_core::tags::{MAX_TAGS, Tag};

/// A Nitro type; EC2's own default would be a type of 2007, on Xen.
const DEFAULT_TYPE: &str = "t3.micro";

/// How instances are launched. What is not set is as EC2 and the image decide.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Launch {
    /// Of which image; `None` where a launch template says so.
    pub image: Option<Image>,
    /// By which launch template, by name or id.
    pub launch_template: Option<String>,
    /// The instance type.
    pub instance_type: Option<String>,
    /// The role, by the name of its instance profile.
    pub role: Option<String>,
    /// A subnet's id. The instance then has the pod's own IPv4 address, which must be in it.
    pub subnet: Option<String>,
    /// The user data, as the instance is to see it.
    pub user_data: Option<String>,
    /// `MetadataOptions`, by their names in the EC2 API.
    pub options: BTreeMap<&'static str, String>,
    /// Tags of every instance; they win over those of [`Pod::labels`].
    pub tags: BTreeMap<String, String>,
}

/// An image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Image {
    /// By its id, `ami-…`.
    Id(String),
    /// The one of Amazon whose name has this pattern, for the processors of the instance type.
    Named(&'static str),
}

/// What a runtime says of the pod or container that is attached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pod {
    /// Its name.
    pub name: Option<String>,
    /// Its namespace in Kubernetes.
    pub namespace: Option<String>,
    /// Its labels, which become tags.
    pub labels: BTreeMap<String, String>,
    /// Its first IPv4 address.
    pub address: Option<Ipv4Addr>,
}

impl Launch {
    /// The processors of the instance type. What type a launch template names is not known here.
    pub fn architecture(&self) -> Architecture {
        let name = self.instance_type.as_deref().unwrap_or(DEFAULT_TYPE);
        // EC2 refuses a name that is none.
        name.parse().map_or(Architecture::X86_64, |it: InstanceType| it.architecture())
    }

    /// The parameters of `RunInstances` for a pod of `container`. `image` is the id that [`Launch::image`]
    /// stands for.
    pub fn parameters(
        &self,
        container: &str,
        pod: &Pod,
        client_token: String,
        image: Option<String>,
    ) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: Option<String>| {
            all.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("Action", Some("RunInstances".into()));
        put("MinCount", Some("1".into()));
        put("MaxCount", Some("1".into()));
        put("ClientToken", Some(client_token));
        put("ImageId", image);
        let default_type = self.launch_template.is_none().then_some(DEFAULT_TYPE);
        put("InstanceType", self.instance_type.as_deref().or(default_type).map(str::to_owned));
        put("IamInstanceProfile.Name", self.role.clone());
        let template = self.launch_template.clone();
        let (ids, names) = template.into_iter().partition::<Vec<_>, _>(|it| it.starts_with("lt-"));
        put("LaunchTemplate.LaunchTemplateId", ids.into_iter().next());
        put("LaunchTemplate.LaunchTemplateName", names.into_iter().next());
        put("SubnetId", self.subnet.clone());
        let address = pod.address.filter(|_| self.subnet.is_some());
        put("PrivateIpAddress", address.map(|address| address.to_string()));
        put("UserData", self.user_data.as_ref().map(|text| STANDARD.encode(text)));
        for (name, value) in &self.options {
            put(&format!("MetadataOptions.{name}"), Some(value.clone()));
        }
        put("TagSpecification.1.ResourceType", Some("instance".into()));
        for (number, (key, value)) in (1..).zip(self.tags(container, pod)) {
            put(&format!("TagSpecification.1.Tag.{number}.Key"), Some(key));
            put(&format!("TagSpecification.1.Tag.{number}.Value"), Some(value));
        }
        all
    }

    /// What the configuration says, where the instance belongs, a name, and labels as far as they fit: one
    /// that EC2 does not take would keep its pod from starting.
    fn tags(&self, container: &str, pod: &Pod) -> BTreeMap<String, String> {
        let is_served =
            self.options.get("InstanceMetadataTags").is_some_and(|value| value == "enabled");
        let key = |key: &str| {
            // EC2 launches no instance with such a key then, and labels of Kubernetes have them.
            if is_served { key.replace('/', ":") } else { key.to_owned() }
        };
        let mut tags: BTreeMap<String, String> =
            self.tags.iter().map(|(name, value)| (key(name), value.clone())).collect();
        tags.insert("cni:container".into(), container.to_owned());
        tags.extend(pod.name.clone().map(|name| ("k8s:pod".into(), name)));
        tags.extend(pod.namespace.clone().map(|name| ("k8s:namespace".into(), name)));
        let labels = pod.labels.iter().map(|(name, value)| (key(name), value.clone()));
        let mut labels: BTreeMap<_, _> =
            labels.filter(|(key, value)| is_tag(key, value, is_served)).collect();
        let named = labels.remove("Name").or_else(|| pod.name.clone());
        tags.entry("Name".into())
            .or_insert_with(|| named.unwrap_or_else(|| container.chars().take(12).collect()));
        for (key, value) in labels {
            if tags.len() < MAX_TAGS {
                tags.entry(key).or_insert(value);
            }
        }
        tags
    }
}

/// Whether EC2 launches an instance with this tag.
fn is_tag(key: &str, value: &str, is_served: bool) -> bool {
    let is_reserved = key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    !is_reserved && Tag::new(key, value).is_ok_and(|tag| !is_served || tag.is_servable())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    fn pod() -> Pod {
        Pod {
            name: Some("web-1".into()),
            namespace: Some("shop".into()),
            labels: texts([("app.kubernetes.io/name", "web"), ("team", "label"), ("Name", "x")]),
            address: Some(Ipv4Addr::new(10, 1, 0, 9)),
        }
    }

    fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
        parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn everything_becomes_a_parameter() {
        let launch = Launch {
            launch_template: Some("lt-0123456789abcdef0".into()),
            role: Some("my-role".into()),
            subnet: Some("subnet-11111111".into()),
            user_data: Some("#!/bin/sh\n".into()),
            options: [("HttpTokens", "required".to_owned())].into(),
            ..Launch::default()
        };
        let parameters = launch.parameters("c0ffee", &pod(), "token".into(), None);
        for (name, expected) in [
            ("Action", Some("RunInstances")),
            ("ClientToken", Some("token")),
            ("ImageId", None),
            ("InstanceType", None),
            ("IamInstanceProfile.Name", Some("my-role")),
            ("LaunchTemplate.LaunchTemplateId", Some("lt-0123456789abcdef0")),
            ("LaunchTemplate.LaunchTemplateName", None),
            ("SubnetId", Some("subnet-11111111")),
            ("PrivateIpAddress", Some("10.1.0.9")),
            ("UserData", Some("IyEvYmluL3NoCg==")),
            ("MetadataOptions.HttpTokens", Some("required")),
        ] {
            assert_eq!(value(&parameters, name), expected, "{name}");
        }
        let plain =
            Launch::default().parameters("c0ffee", &pod(), "t".into(), Some("ami-1".into()));
        assert_eq!(value(&plain, "InstanceType"), Some("t3.micro"));
        assert_eq!(value(&plain, "ImageId"), Some("ami-1"));
        assert_eq!(value(&plain, "PrivateIpAddress"), None);
        for (instance_type, expected) in [(None, "x86_64"), (Some("t4g.small"), "arm64")] {
            let launch =
                Launch { instance_type: instance_type.map(str::to_owned), ..Launch::default() };
            assert_eq!(launch.architecture().as_str(), expected);
        }
    }

    #[test]
    fn tags_of_the_configuration_win_over_labels_and_none_over_the_identity() {
        let own = texts([("team", "config"), ("cni:container", "x")]);
        let mut launch = Launch { tags: own, ..Launch::default() };
        let expected = [
            ("Name", "x"),
            ("app.kubernetes.io/name", "web"),
            ("cni:container", "c0ffee"),
            ("k8s:namespace", "shop"),
            ("k8s:pod", "web-1"),
            ("team", "config"),
        ];
        assert_eq!(launch.tags("c0ffee", &pod()), texts(expected));
        launch.options.insert("InstanceMetadataTags", "enabled".into());
        assert_eq!(launch.tags("c0ffee", &pod())["app.kubernetes.io:name"], "web");
        let nameless = Launch::default().tags("0123456789abcdef", &Pod::default());
        assert_eq!(nameless["Name"], "0123456789ab");
    }

    #[test]
    fn labels_that_ec2_does_not_take_are_left_out() {
        let long = format!("{}/name", "sub.".repeat(32) + "example");
        let mut pod = pod();
        let labels =
            [(&*long, "a"), ("aws:x", "a"), ("AWS:y", "a"), ("long", &"v".repeat(257)), ("", "a")];
        pod.labels.extend(texts(labels));
        let mut launch = Launch::default();
        let tags = launch.tags("c0ffee", &pod);
        let expected = [
            ("Name", "x"),
            ("app.kubernetes.io/name", "web"),
            ("cni:container", "c0ffee"),
            ("k8s:namespace", "shop"),
            ("k8s:pod", "web-1"),
            ("team", "label"),
        ];
        assert_eq!(tags, texts(expected));
        // Where tags are metadata, their keys are parts of paths.
        pod.labels.extend(texts([("aws/z", "a"), ("two words", "a")]));
        assert!(launch.tags("c0ffee", &pod).contains_key("two words"));
        launch.options.insert("InstanceMetadataTags", "enabled".into());
        assert_eq!(launch.tags("c0ffee", &pod).len(), expected.len());
    }

    #[test]
    fn labels_beyond_ec2s_limit_of_tags_are_left_out() {
        let mut pod = pod();
        pod.labels = (0..80).map(|number| (format!("label-{number}"), String::new())).collect();
        let launch = Launch { tags: texts([("team", "config")]), ..Launch::default() };
        let tags = launch.tags("c0ffee", &pod);
        assert_eq!(tags.len(), MAX_TAGS);
        for key in ["Name", "team", "cni:container", "k8s:pod", "k8s:namespace", "label-0"] {
            assert!(tags.contains_key(key), "{key}");
        }
    }
}
