resource "aws_ec2_instance_metadata_defaults" "all" {
  http_tokens                 = "no-preference"
  http_put_response_hop_limit = 2
}
