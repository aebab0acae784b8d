//! The commands and lines that mend, filled in.

use super::Finding;

/// Where the instance's id is not known.
pub(super) const UNKNOWN_ID: &str = "<instance-id>";

/// Raises the hop limit to `needed`, everywhere it may come from.
pub(super) fn hop_limit(finding: Finding, id: &str, needed: u8) -> Finding {
    finding
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
        .mended("Terraform", format!("metadata_options {{ http_put_response_hop_limit = {needed} }}"))
        .mended("CloudFormation", format!("MetadataOptions: {{ HttpPutResponseHopLimit: {needed} }}"))
        .mended("eksctl", format!("managedNodeGroups: use a launch template with limit {needed}; disablePodIMDS: true sets 1"))
        .mended("Karpenter", format!("spec.metadataOptions.httpPutResponseHopLimit: {needed}  # EC2NodeClass; its default is 1"))
        .mended("instead", "a pod needs no node credentials: IRSA or EKS Pod Identity; \
                 an ECS task has its task role; a container can use the host's network")
}

/// Sets one option of the instance's metadata.
pub(super) fn option(finding: Finding, id: &str, option: &str) -> Finding {
    finding.mended(
        "aws",
        format!("aws ec2 modify-instance-metadata-options --instance-id {id} {option}"),
    )
}
