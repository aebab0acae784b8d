//! What kind of place this is: where the routers on the way to the service come from.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// Who runs this process, as far as it shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Place {
    /// The instance itself, or nothing that shows.
    Host,
    Docker,
    Podman,
    /// A pod, on a cluster of nobody knows whom.
    Kubernetes,
    /// The same, on Amazon EKS.
    Eks,
    /// The same, on a cluster made by kOps.
    Kops,
    /// A task of Amazon ECS, on an instance.
    Ecs,
    /// A task without an instance.
    Fargate,
}

/// Tells it by the marks that each leaves in the environment and in the file system below `root`.
pub(super) fn find(variable: &dyn Fn(&str) -> Option<String>, root: &Path) -> Place {
    let holds = |name, part: &str| variable(name).is_some_and(|value| value.contains(part));
    let exists = |file| root.join(file).exists();
    if holds("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE") {
        Place::Fargate
    } else if holds("ECS_CONTAINER_METADATA_URI", "") || holds("ECS_CONTAINER_METADATA_URI_V4", "")
    {
        Place::Ecs
    } else if let Some(place) = issuer(root).and_then(|issuer| Place::of_issuer(&issuer)) {
        place
    } else if exists("var/run/secrets/eks.amazonaws.com")
        || holds("AWS_CONTAINER_CREDENTIALS_FULL_URI", "169.254.170.23")
    {
        Place::Eks
    } else if holds("KUBERNETES_SERVICE_HOST", "") || exists("var/run/secrets/kubernetes.io") {
        Place::Kubernetes
    } else if exists("run/.containerenv") {
        Place::Podman
    } else if exists(".dockerenv") {
        Place::Docker
    } else {
        Place::Host
    }
}

/// Who issued the pod's token for the Kubernetes API. Nothing else of it is kept.
fn issuer(root: &Path) -> Option<String> {
    let token = root.join("var/run/secrets/kubernetes.io/serviceaccount/token");
    let token = std::fs::read_to_string(token).ok()?;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Some(claims["iss"].as_str()?.to_owned())
}

impl Place {
    /// The cluster whose API tokens have this issuer, if it tells. kOps names its own after the API's
    /// internal address, unless it is told to publish keys elsewhere
    /// (kubernetes/kops, `pkg/model/components/discovery.go`).
    fn of_issuer(issuer: &str) -> Option<Self> {
        let host = issuer.strip_prefix("https://")?.split('/').next()?;
        match host {
            _ if host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.") => Some(Self::Eks),
            _ if host.starts_with("api.internal.") => Some(Self::Kops),
            _ => None,
        }
    }

    /// Where its routers come from.
    pub(super) fn routers(self) -> Option<&'static str> {
        match self {
            Self::Host => None,
            Self::Docker => Some("Docker's bridge is one"),
            Self::Podman => Some("Podman's bridge is one"),
            Self::Kubernetes | Self::Eks | Self::Kops => {
                Some("the node, which routes for its pods, is one")
            }
            Self::Ecs => Some("the instance, which routes for its tasks, is one"),
            Self::Fargate => Some("and no instance: a task of Fargate has only its task role"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_told_by_who_issued_the_pods_token() {
        let cases = [
            ("https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF", Place::Eks),
            ("https://api.internal.cluster.example.org", Place::Kops),
            ("https://kubernetes.default.svc.cluster.local", Place::Kubernetes),
            ("api.internal.x", Place::Kubernetes),
        ];
        for (issuer, expected) in cases {
            let root = tempfile::tempdir().unwrap();
            let mount = root.path().join("var/run/secrets/kubernetes.io/serviceaccount");
            std::fs::create_dir_all(&mount).unwrap();
            let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"{issuer}","sub":"x"}}"#));
            std::fs::write(mount.join("token"), format!("e30.{claims}.signature")).unwrap();
            assert_eq!(find(&|_| None, root.path()), expected, "{issuer}");
        }
    }

    #[test]
    fn places_are_told_by_their_marks() {
        let root = tempfile::tempdir().unwrap();
        let eks = "http://169.254.170.23/v1/credentials";
        let cases = [
            (&[][..], "", Place::Host),
            (&[], ".dockerenv", Place::Docker),
            (&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], "", Place::Kubernetes),
            (&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", eks)], "", Place::Eks),
            (&[("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4")], "", Place::Ecs),
            (&[("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE")], "", Place::Fargate),
        ];
        for (variables, mark, expected) in cases {
            if !mark.is_empty() {
                std::fs::write(root.path().join(mark), "").unwrap();
            }
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value): &(&str, &str)| (*value).to_owned())
            };
            // A container's other marks go before its engine's.
            assert_eq!(find(&variable, root.path()), expected);
        }
    }
}
