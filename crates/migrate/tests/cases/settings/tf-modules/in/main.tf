module "web" {
  source  = "terraform-aws-modules/ec2-instance/aws"
  version = "~> 5.0"
  name    = "web"
}

module "workers" {
  source = "terraform-aws-modules/autoscaling/aws"
  metadata_options = {
    http_endpoint = "enabled"
    http_tokens   = "optional"
  }
}

module "eks" {
  source = "terraform-aws-modules/eks/aws"
  eks_managed_node_groups = {
    blue = {
      metadata_options = { "http_tokens" = "optional", http_put_response_hop_limit = 2 }
    }
    green = { metadata_options = { http_tokens = "required" } }
  }
}

module "network" {
  source = "terraform-aws-modules/vpc/aws"
}
