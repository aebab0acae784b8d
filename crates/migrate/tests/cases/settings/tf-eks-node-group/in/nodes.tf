resource "aws_eks_node_group" "silent" {
  cluster_name = aws_eks_cluster.main.name
}

resource "aws_eks_node_group" "al2" {
  cluster_name = aws_eks_cluster.main.name
  ami_type     = "AL2_x86_64"
}

resource "aws_eks_node_group" "al2023" {
  cluster_name = aws_eks_cluster.main.name
  ami_type     = "AL2023_ARM_64_STANDARD"
}

resource "aws_eks_node_group" "templated" {
  cluster_name = aws_eks_cluster.main.name
  launch_template {
    id      = aws_launch_template.nodes.id
    version = aws_launch_template.nodes.latest_version
  }
}

resource "aws_eks_node_group" "decided_by_a_variable" {
  cluster_name = aws_eks_cluster.main.name
  dynamic "launch_template" {
    for_each = var.templates
    content {
      id      = launch_template.value.id
      version = launch_template.value.version
    }
  }
}
