//! What an instance's metadata has at a path, and the command lines that get it.

use imds_account::clock::unix_ms;
use imds_core::request::Path;
use imds_core::{InstanceId, Moment};
use imds_dataplane::Table;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::error::Refused;

/// What stays as it is in a path: all else could mean something to a shell or a URL.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

/// A path of an instance's metadata.
#[derive(Debug, Serialize)]
pub(crate) struct MetadataEntry {
    pub(crate) instance: String,
    /// Without slashes around it: `latest/meta-data`.
    pub(crate) path: String,
    pub(crate) content: Content,
    pub(crate) commands: Commands,
}

/// What is at a path.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Content {
    Listing {
        names: Vec<Name>,
    },
    Value {
        value: String,
        content_type: &'static str,
    },
    /// No text.
    Binary {
        bytes: usize,
        content_type: &'static str,
    },
    /// Credentials, which the console does not show.
    Hidden,
    /// A signature that is made when it is first asked for.
    Pending,
}

/// A name in a listing.
#[derive(Debug, Serialize)]
pub(crate) struct Name {
    pub(crate) name: String,
    /// Where it leads: the path with its name.
    pub(crate) path: String,
}

/// Command lines that get the same on the instance, or from the EC2 API.
#[derive(Debug, Serialize)]
pub(crate) struct Commands {
    pub(crate) curl: String,
    pub(crate) imds_get: String,
    /// Where the EC2 API knows the value too.
    pub(crate) aws: Option<String>,
}

/// What is at `path`; slashes around it do not matter.
pub(crate) fn find(table: &Table, id: &str, path: &str) -> Result<MetadataEntry, Refused> {
    let instance: Option<InstanceId> = id.parse().ok();
    let endpoint = instance.as_ref().and_then(|id| table.instance(id));
    let endpoint = endpoint.ok_or_else(|| {
        let message = format!("the instance {id} does not run, so it has no metadata");
        Refused::new(404, "NotServed", message)
    })?;
    let target = format!("/{}", utf8_percent_encode(path, ENCODED));
    let plain = Path::parse(&target);
    let path = plain.as_str();
    let unix_ms = unix_ms();
    let now = Moment { unix_ms, steady_ms: unix_ms, serial: 0 };
    let found = endpoint.tree().find(path, now);
    let found = found.ok_or_else(|| Refused::not_found(format!("there is nothing at /{path}")))?;
    let content = if found.is_listing {
        let listing = String::from_utf8_lossy(&found.body);
        let names = listing.lines().map(|name| Name::new(path, name));
        Content::Listing { names: names.collect() }
    } else if is_secret(path) {
        Content::Hidden
    } else if found.pending {
        Content::Pending
    } else {
        match std::str::from_utf8(&found.body) {
            Ok(text) if is_printable(text) => {
                Content::Value { value: text.to_owned(), content_type: found.content_type }
            }
            _ => Content::Binary { bytes: found.body.len(), content_type: found.content_type },
        }
    };
    let commands = Commands::new(id, path, found.is_listing);
    Ok(MetadataEntry { instance: id.to_owned(), path: path.to_owned(), content, commands })
}

impl Name {
    fn new(path: &str, name: &str) -> Self {
        // Public keys are listed as `0=my-key` and found under `0`.
        let is_key = path.ends_with("public-keys");
        let step = if is_key { name.split('=').next().unwrap_or(name) } else { name };
        let step = step.trim_end_matches('/');
        let path = if path.is_empty() { step.to_owned() } else { format!("{path}/{step}") };
        Self { name: name.to_owned(), path }
    }
}

/// Whether a value has credentials: all that is below `security-credentials` and its relatives.
fn is_secret(path: &str) -> bool {
    let mut steps = path.split('/');
    steps.any(|step| step.starts_with("security-credentials")) && steps.next().is_some()
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|one| !one.is_control() || matches!(one, '\n' | '\r' | '\t'))
}

/// What the EC2 API shows of an instance, by path below `meta-data`, as `JMESPath`.
const IN_THE_API: [(&str, &str); 12] = [
    ("ami-id", "ImageId"),
    ("ami-launch-index", "AmiLaunchIndex"),
    ("hostname", "PrivateDnsName"),
    ("instance-id", "InstanceId"),
    ("instance-type", "InstanceType"),
    ("local-hostname", "PrivateDnsName"),
    ("local-ipv4", "PrivateIpAddress"),
    ("placement/availability-zone", "Placement.AvailabilityZone"),
    ("public-hostname", "PublicDnsName"),
    ("public-ipv4", "PublicIpAddress"),
    ("security-groups", "SecurityGroups[].GroupName"),
    ("tags/instance", "Tags[].Key"),
];

impl Commands {
    fn new(id: &str, path: &str, is_listing: bool) -> Self {
        let slash = if is_listing && !path.is_empty() { "/" } else { "" };
        let encoded = format!("{}{slash}", utf8_percent_encode(path, ENCODED));
        let short = encoded.strip_prefix("latest/meta-data/").filter(|rest| !rest.is_empty());
        let imds_get =
            short.map_or_else(|| format!("imds get /{encoded}"), |it| format!("imds get {it}"));
        let below = path.strip_prefix("latest/meta-data/");
        let in_api = IN_THE_API.iter().find(|(known, _)| below == Some(*known));
        let aws = in_api.map(|(_, query)| {
            format!(
                "aws ec2 describe-instances --instance-ids {id} \
                 --query 'Reservations[].Instances[].{query}' --output text"
            )
        });
        let user_data = (path == "latest/user-data").then(|| {
            format!(
                "aws ec2 describe-instance-attribute --instance-id {id} --attribute userData \
                 --query UserData.Value --output text | base64 --decode"
            )
        });
        Self {
            curl: format!(
                "TOKEN=$(curl -sX PUT http://169.254.169.254/latest/api/token \
                 -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600')\n\
                 curl -H \"X-aws-ec2-metadata-token: $TOKEN\" http://169.254.169.254/{encoded}"
            ),
            imds_get,
            aws: aws.or(user_data),
        }
    }
}

/// A path as it is in a link.
pub(crate) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use imds_core::{Endpoint, Launch};

    use super::*;

    fn table() -> Table {
        Table::of_one(Arc::new(Endpoint::new(&Launch::default().resolve().unwrap())))
    }

    #[test]
    fn credentials_are_not_shown() {
        for (path, secret) in [
            ("latest/meta-data/iam/security-credentials", false),
            ("latest/meta-data/iam/security-credentials/my-role", true),
            ("latest/meta-data/iam/security-credentials-extended/my-role", true),
            ("latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance", true),
            ("latest/meta-data/iam/info", false),
        ] {
            assert_eq!(is_secret(path), secret, "{path}");
        }
    }

    #[test]
    fn an_instance_that_is_not_served_has_no_metadata() {
        let refused = find(&table(), "i-00000000", "latest").unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (404, "NotServed"));
        assert_eq!(find(&table(), "x", "latest").unwrap_err().status, 404);
    }

    #[test]
    fn commands_can_be_pasted() {
        let of = |path, is_listing| Commands::new("i-0", path, is_listing);
        assert_eq!(of("latest/meta-data/instance-id", false).imds_get, "imds get instance-id");
        assert_eq!(of("latest/meta-data/placement", true).imds_get, "imds get placement/");
        assert_eq!(of("latest/user-data", false).imds_get, "imds get /latest/user-data");
        let tag = of("latest/meta-data/tags/instance/a'$b", false);
        assert!(
            tag.curl.ends_with("http://169.254.169.254/latest/meta-data/tags/instance/a%27%24b")
        );
        assert!(of("latest/meta-data/ami-id", false).aws.unwrap().contains("[].ImageId'"));
        assert_eq!(of("latest/meta-data/mac", false).aws, None);
    }

    #[test]
    fn listings_lead_on() {
        let path = |directory, name| Name::new(directory, name).path;
        assert_eq!(path("", "latest"), "latest");
        assert_eq!(path("latest/meta-data", "placement/"), "latest/meta-data/placement");
        let keys = "latest/meta-data/public-keys";
        assert_eq!(path(keys, "0=my-key"), "latest/meta-data/public-keys/0");
    }
}
