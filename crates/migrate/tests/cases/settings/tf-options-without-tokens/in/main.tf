resource "aws_launch_configuration" "a" {
  metadata_options {
    http_endpoint = "enabled"
  }
}
