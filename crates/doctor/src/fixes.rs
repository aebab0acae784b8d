//! Commands and settings that fix what is wrong, with the instance's id filled in.

use crate::environment::Environment;
use crate::finding::Finding;

/// The placeholder in commands if the instance's id is not known.
pub(super) const UNKNOWN_ID: &str = "<instance-id>";

/// Adds commands and settings that raise the hop limit to `needed`, for everything that may set it in this
/// environment, and how to see whether that was enough: a relay may hide routers.
pub(super) fn hop_limit(
    finding: Finding,
    environment: Environment,
    id: &str,
    needed: u8,
) -> Finding {
    let finding = finding
        .fix(
            "aws",
            format!(
                "aws ec2 modify-instance-metadata-options --instance-id {id} \
                 --http-put-response-hop-limit {needed}"
            ),
        )
        .fix("check", format!("imds doctor  # where the token is still lost, try {}", needed + 1))
        .fix(
            "launch template",
            format!(
                "aws ec2 create-launch-template-version --launch-template-id <id> \
                 --source-version '$Latest' --launch-template-data \
                 '{{\"MetadataOptions\":{{\"HttpPutResponseHopLimit\":{needed}}}}}'"
            ),
        )
        .fix("Terraform", format!("metadata_options {{ http_put_response_hop_limit = {needed} }}"))
        .fix("CloudFormation", format!("MetadataOptions: {{ HttpPutResponseHopLimit: {needed} }}"));
    cluster_hop_limit(finding, environment, needed).fix("instead", without_hop_limit(environment))
}

/// Adds the settings of tools that launch the nodes of a Kubernetes cluster.
fn cluster_hop_limit(finding: Finding, environment: Environment, needed: u8) -> Finding {
    let eksctl = format!(
        "managedNodeGroups: use a launch template with limit {needed}; disablePodIMDS: true sets 1"
    );
    let karpenter = format!(
        "spec.metadataOptions.httpPutResponseHopLimit: {needed}  # EC2NodeClass; its default is 1"
    );
    let kops = format!(
        "spec.instanceMetadata.httpPutResponseHopLimit: {needed}  # InstanceGroup; kops update \
         cluster --yes"
    );
    match environment {
        Environment::Kubernetes => {
            finding.fix("eksctl", eksctl).fix("Karpenter", karpenter).fix("kOps", kops)
        }
        Environment::Eks => finding.fix("eksctl", eksctl).fix("Karpenter", karpenter),
        Environment::Kops => finding.fix("kOps", kops).fix("Karpenter", karpenter),
        _ => finding,
    }
}

/// What to do instead of raising the hop limit.
fn without_hop_limit(environment: Environment) -> &'static str {
    match environment {
        Environment::Kubernetes | Environment::Kops => {
            "a pod needs no node credentials: IRSA; or hostNetwork: true"
        }
        Environment::Eks => {
            "a pod needs no node credentials: EKS Pod Identity or IRSA; or hostNetwork: true"
        }
        Environment::Ecs | Environment::Fargate => {
            "a task has a role of its own: taskRoleArn; or networkMode: host"
        }
        Environment::Docker => "docker run --network host",
        Environment::Podman => "podman run --network host",
        Environment::Host => {
            "a container can use the host's network; a pod or task can have a role of its own"
        }
    }
}

/// Adds commands that find a program that intercepts requests to the service.
pub(super) fn interceptor(finding: Finding) -> Finding {
    finding
        .fix("see", "iptables-save -t nat | grep 169.254.169.254")
        .fix("Kubernetes", "kubectl get daemonsets -A | grep -E 'kube2iam|kiam|metadata'")
}

/// Adds the command that sets one of the instance's metadata options.
pub(super) fn option(finding: Finding, id: &str, option: &str) -> Finding {
    finding
        .fix("aws", format!("aws ec2 modify-instance-metadata-options --instance-id {id} {option}"))
}
