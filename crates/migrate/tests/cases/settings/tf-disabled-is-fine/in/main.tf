resource "aws_security_group_rule" "x" { cidr_blocks = ["169.254.169.254/32"] }
data "aws_instance" "y" { instance_id = "i-1" }
resource "aws_launch_template" "ok" {
  metadata_options {
    http_endpoint = "disabled"
  }
}
resource "aws_instance" "off" {
  metadata_options { http_endpoint = "disabled" }
}
