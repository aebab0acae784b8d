//! Files of a repository about clusters, as kOps and the like generate them.

use std::fmt::Write as _;

use super::super::text::{MENTION, Random, text};

/// Of how many files one is a cluster's Terraform, its nodes, or what is installed on it.
const ROUND: usize = 60;

/// One file: its ending and its content.
pub(super) fn file(random: &mut Random, number: usize) -> (&'static str, Vec<u8>) {
    match number % ROUND {
        0 => ("tf", terraform(random).into()),
        1..4 => ("yaml", nodes(number).into()),
        4 => ("yaml", addons(random).into()),
        5 => ("md", (text(random, 12 << 10) + MENTION).into()),
        _ => ("go", text(random, 24 << 10).into()),
    }
}

/// Resources around two launch templates, of which one lets tokens travel one hop.
fn terraform(random: &mut Random) -> String {
    let mut file = String::new();
    for i in 0..150 {
        let _ = write!(
            file,
            "resource \"aws_security_group_rule\" \"rule-{i}\" {{\n  from_port = {}\n  to_port   = {}\n  \
             protocol  = \"tcp\"\n  type      = \"ingress\"\n  tags = {{\n    \"kops.k8s.io/role\" = \
             \"{}\"\n    \"kubernetes.io/cluster\" = \"owned\"\n  }}\n}}\n\n",
            random.below(9000),
            random.below(9000),
            random.below(99),
        );
    }
    for (name, limit) in [("control-plane", 3), ("nodes", 1)] {
        let _ = write!(
            file,
            "resource \"aws_launch_template\" \"{name}\" {{\n  image_id = \"ami-1\"\n  metadata_options {{\n    \
             http_endpoint = \"enabled\"\n    http_put_response_hop_limit = {limit}\n    \
             http_tokens = \"required\"\n  }}\n"
        );
        for i in 0..12 {
            let _ = write!(
                file,
                "  tag_specifications {{\n    resource_type = \"instance\"\n    tags = {{\n      \
                 \"kubernetes.io/cluster/{i}\" = \"owned\"\n    }}\n  }}\n"
            );
        }
        file.push_str("}\n\n");
    }
    file
}

/// A cluster and its instance groups.
fn nodes(number: usize) -> String {
    let mut file = format!(
        "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata:\n  name: c{number}\nspec:\n  \
         cloudProvider: aws\n  kubernetesVersion: v1.32.0\n  subnets:\n"
    );
    for i in 0..20 {
        let _ = write!(file, "  - cidr: 172.20.{i}.0/24\n    name: zone-{i}\n    type: Public\n");
    }
    for role in ["Master", "Node"] {
        let _ = write!(
            file,
            "\n---\n\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: {role}\n\
             spec:\n  associatePublicIp: true\n  image: ubuntu\n  machineType: t3.medium\n  \
             maxSize: 2\n  minSize: 2\n  role: {role}\n  subnets:\n  - zone-1\n"
        );
    }
    file
}

/// What is installed on a cluster: long, and nothing that launches instances.
fn addons(random: &mut Random) -> String {
    let mut file = String::new();
    for i in 0..400 {
        let _ = write!(
            file,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    addon.kops.k8s.io/name: a{i}\n  \
             name: n{i}\ndata:\n  key: \"{}\"\n",
            random.below(1 << 20)
        );
    }
    file
}
