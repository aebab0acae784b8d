//! The commands and lines that mend, filled in.

use super::Finding;
use super::place::Place;

/// Where the instance's id is not known.
pub(super) const UNKNOWN_ID: &str = "<instance-id>";

/// Raises the hop limit to `needed`, everywhere it may come from in such a place.
pub(super) fn hop_limit(finding: Finding, place: Place, id: &str, needed: u8) -> Finding {
    let finding = finding
        .mended(
            "aws",
            format!(
                "aws ec2 modify-instance-metadata-options --instance-id {id} \
                 --http-put-response-hop-limit {needed}"
            ),
        )
        .mended(
            "launch template",
            format!(
                "aws ec2 create-launch-template-version --launch-template-id <id> \
                 --source-version '$Latest' --launch-template-data \
                 '{{\"MetadataOptions\":{{\"HttpPutResponseHopLimit\":{needed}}}}}'"
            ),
        )
        .mended(
            "Terraform",
            format!("metadata_options {{ http_put_response_hop_limit = {needed} }}"),
        )
        .mended(
            "CloudFormation",
            format!("MetadataOptions: {{ HttpPutResponseHopLimit: {needed} }}"),
        );
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
    let finding = match place {
        Place::Kubernetes => {
            finding.mended("eksctl", eksctl).mended("Karpenter", karpenter).mended("kOps", kops)
        }
        Place::Eks => finding.mended("eksctl", eksctl).mended("Karpenter", karpenter),
        Place::Kops => finding.mended("kOps", kops).mended("Karpenter", karpenter),
        _ => finding,
    };
    finding.mended(
        "instead",
        match place {
            Place::Kubernetes | Place::Kops => {
                "a pod needs no node credentials: IRSA; or hostNetwork: true"
            }
            Place::Eks => {
                "a pod needs no node credentials: EKS Pod Identity or IRSA; or hostNetwork: true"
            }
            Place::Ecs | Place::Fargate => {
                "a task has a role of its own: taskRoleArn; or networkMode: host"
            }
            Place::Docker => "docker run --network host",
            Place::Podman => "podman run --network host",
            Place::Host => {
                "a container can use the host's network; a pod or task can have a role of its own"
            }
        },
    )
}

/// Finds what answers in the service's place.
pub(super) fn interceptor(finding: Finding) -> Finding {
    finding
        .mended("see", "iptables-save -t nat | grep 169.254.169.254")
        .mended("Kubernetes", "kubectl get daemonsets -A | grep -E 'kube2iam|kiam|metadata'")
}

/// Sets one option of the instance's metadata.
pub(super) fn option(finding: Finding, id: &str, option: &str) -> Finding {
    finding.mended(
        "aws",
        format!("aws ec2 modify-instance-metadata-options --instance-id {id} {option}"),
    )
}
