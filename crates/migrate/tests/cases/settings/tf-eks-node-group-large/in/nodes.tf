resource "aws_eks_node_group" "large" {
  cluster_name = "web"
  disk_size    = 100
}

resource "aws_eks_node_group" "remote" {
  cluster_name = "web"
  remote_access {
    ec2_ssh_key = "key"
  }
}
