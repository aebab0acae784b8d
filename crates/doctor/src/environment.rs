//! What kind of machine or container this process runs in, which tells where the routers between it and
//! the service come from.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// What kind of machine or container this process runs in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Environment {
    /// The instance itself, or a container that cannot be recognized.
    Host,
    /// A container of Docker.
    Docker,
    /// A container of Podman.
    Podman,
    /// A pod on an unknown kind of Kubernetes cluster.
    Kubernetes,
    /// A pod on Amazon EKS.
    Eks,
    /// A pod on a cluster that kOps made.
    Kops,
    /// A task of Amazon ECS on an EC2 instance.
    Ecs,
    /// A task of Amazon ECS on Fargate, which has no instance.
    Fargate,
}

/// Recognizes the environment by variables that each kind sets, and by files that it creates below `root`.
pub(super) fn detect(variable: &dyn Fn(&str) -> Option<String>, root: &Path) -> Environment {
    let holds = |name, part: &str| variable(name).is_some_and(|value| value.contains(part));
    let exists = |file| root.join(file).exists();
    if holds("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE") {
        Environment::Fargate
    } else if holds("ECS_CONTAINER_METADATA_URI", "") || holds("ECS_CONTAINER_METADATA_URI_V4", "")
    {
        Environment::Ecs
    } else if let Some(cluster) = issuer(root).and_then(|issuer| Environment::of_issuer(&issuer)) {
        cluster
    } else if exists("var/run/secrets/eks.amazonaws.com")
        || holds("AWS_CONTAINER_CREDENTIALS_FULL_URI", "169.254.170.23")
    {
        Environment::Eks
    } else if holds("KUBERNETES_SERVICE_HOST", "") || exists("var/run/secrets/kubernetes.io") {
        Environment::Kubernetes
    } else if exists("run/.containerenv") {
        Environment::Podman
    } else if exists(".dockerenv") {
        Environment::Docker
    } else {
        Environment::Host
    }
}

/// The issuer (`iss`) of the pod's token for the Kubernetes API. Nothing else of the token is used.
fn issuer(root: &Path) -> Option<String> {
    let token = root.join("var/run/secrets/kubernetes.io/serviceaccount/token");
    let token = std::fs::read_to_string(token).ok()?;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Some(claims["iss"].as_str()?.to_owned())
}

impl Environment {
    /// The kind of cluster whose API tokens have this issuer, if it can be recognized. kOps uses the API's
    /// internal address, unless it is configured to publish keys elsewhere
    /// (kubernetes/kops, `pkg/model/components/discovery.go`).
    fn of_issuer(issuer: &str) -> Option<Self> {
        let host = issuer.strip_prefix("https://")?.split('/').next()?;
        match host {
            _ if host.starts_with("oidc.eks.") || host.starts_with("oidc-eks.") => Some(Self::Eks),
            _ if host.starts_with("api.internal.") => Some(Self::Kops),
            _ => None,
        }
    }

    /// Where the routers between it and the service come from, as the end of a sentence.
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
    fn clusters_are_recognized_by_the_issuer_of_the_pods_token() {
        let cases = [
            ("https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF", Environment::Eks),
            ("https://api.internal.cluster.example.org", Environment::Kops),
            ("https://kubernetes.default.svc.cluster.local", Environment::Kubernetes),
            ("api.internal.x", Environment::Kubernetes),
        ];
        for (issuer, expected) in cases {
            let root = tempfile::tempdir().unwrap();
            let mount = root.path().join("var/run/secrets/kubernetes.io/serviceaccount");
            std::fs::create_dir_all(&mount).unwrap();
            let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"{issuer}","sub":"x"}}"#));
            std::fs::write(mount.join("token"), format!("e30.{claims}.signature")).unwrap();
            assert_eq!(detect(&|_| None, root.path()), expected, "{issuer}");
        }
    }

    #[test]
    fn environments_are_recognized_by_variables_and_files() {
        let root = tempfile::tempdir().unwrap();
        let eks = "http://169.254.170.23/v1/credentials";
        let cases = [
            (&[][..], "", Environment::Host),
            (&[], ".dockerenv", Environment::Docker),
            (&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], "", Environment::Kubernetes),
            (&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", eks)], "", Environment::Eks),
            (&[("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4")], "", Environment::Ecs),
            (&[("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE")], "", Environment::Fargate),
        ];
        for (variables, mark, expected) in cases {
            if !mark.is_empty() {
                std::fs::write(root.path().join(mark), "").unwrap();
            }
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value): &(&str, &str)| (*value).to_owned())
            };
            // Files stay for later cases: an orchestrator takes precedence over a container engine.
            assert_eq!(detect(&variable, root.path()), expected);
        }
    }
}
