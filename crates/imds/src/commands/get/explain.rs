//! Explains a failed request: the error, and what to type about it.

use imds_client::{Error, Silence, Unreachable, diagnose};

use crate::error::{CommandError, Kind};

/// Why an instance may have nothing at the paths that begin so, and what to type about it.
const ABSENCES: [(&str, &str); 5] = [
    (
        "/latest/meta-data/iam/",
        "the instance has no role: aws ec2 associate-iam-instance-profile --instance-id \
         <instance-id> --iam-instance-profile Name=<profile>",
    ),
    (
        "/latest/meta-data/tags/",
        "tags are here only once they are allowed to be: aws ec2 modify-instance-metadata-options \
         --instance-id <instance-id> --instance-metadata-tags enabled",
    ),
    ("/latest/meta-data/spot/", "no interruption is announced, or this is no spot instance"),
    ("/latest/meta-data/public-keys/", "the instance was launched without a key pair"),
    ("/latest/user-data", "the instance was launched without user data"),
];

fn absence(path: &str) -> String {
    // A directory may be asked for without its slash.
    let path = format!("{}/", path.trim_end_matches('/'));
    let known = ABSENCES.iter().find(|(beginning, _)| path.starts_with(beginning));
    known.map_or_else(
        || {
            let parent =
                path.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
            format!("see what there is: imds get {parent}/")
        },
        |(_, why)| filled_in(why),
    )
}

/// A command with this machine's id, where that can be known without asking the service.
fn filled_in(command: &str) -> String {
    match diagnose::local_instance_id() {
        Some(id) => command.replace("<instance-id>", &id),
        None => command.to_owned(),
    }
}

/// A failure, and what to type about it.
pub(super) fn explain(error: &Error) -> CommandError {
    let message = error.to_string();
    match error {
        Error::NotFound { path } => CommandError::new(Kind::Finding, message).hint(absence(path)),
        Error::InvalidSetting { .. } | Error::InvalidPath { .. } => CommandError::usage(message),
        Error::Disabled { setting } => CommandError::new(Kind::Denied, message)
            .hint(format!("unset {}", setting.split('=').next().unwrap_or(setting))),
        Error::TokenLost(verdict) => {
            let id = diagnose::local_instance_id();
            CommandError::new(Kind::TokenLost, message)
                .hint(verdict.fix_command(id.as_deref()))
                .hint("then check with the same command; if the token is still lost, raise it further")
                .hint(
                    "or run it in the host's network: docker run --network host, hostNetwork: true",
                )
                .hint("see all that is known: imds doctor")
        }
        Error::EndpointDisabled => CommandError::new(Kind::Denied, message).hint(filled_in(
            "aws ec2 modify-instance-metadata-options --instance-id <instance-id> \
             --http-endpoint enabled",
        )),
        Error::Unreachable { reason: Unreachable::Prohibited, .. } => CommandError::new(
            Kind::Denied,
            message,
        )
        .hint("see the rule: ip route get 169.254.169.254")
        .hint(
            "a locked systemd-imdsd prohibits it: boot with systemd.imds.network=unlocked, or \
                     ask it: varlinkctl call /run/systemd/io.systemd.InstanceMetadata \
                     io.systemd.InstanceMetadata.GetVendorInfo {}",
        ),
        Error::Unreachable { reason: Unreachable::Filtered, .. } => {
            CommandError::new(Kind::Denied, message)
                .hint("see the rules: sudo nft list ruleset; sudo iptables-save")
        }
        Error::TimedOut { silence: Silence::Slow, .. } => {
            CommandError::new(Kind::Unavailable, message)
                .hint(
                    "the token may be lost beyond a relay, such as a sidecar's proxy: try a larger \
                     --http-put-response-hop-limit",
                )
                .hint("see why: imds doctor")
        }
        Error::Status { status: 401 | 403, .. } => CommandError::new(Kind::Denied, message),
        _ => CommandError::new(Kind::Unavailable, message).hint("see why: imds doctor"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_explained_or_its_directory_named() {
        for (path, hint) in [
            ("/latest/meta-data/iam/security-credentials/", "the instance has no role: aws ec2"),
            ("/latest/meta-data/tags/instance", "--instance-metadata-tags enabled"),
            ("/latest/meta-data/tags", "--instance-metadata-tags enabled"),
            ("/latest/user-data", "without user data"),
            ("/latest/meta-data/placement/nope", "imds get /latest/meta-data/placement/"),
            ("/latest/meta-data/nope/", "imds get /latest/meta-data/"),
            ("/nope", "imds get /"),
        ] {
            let told = absence(path);
            assert!(told.contains(hint), "{path}: {told}");
        }
    }
}
