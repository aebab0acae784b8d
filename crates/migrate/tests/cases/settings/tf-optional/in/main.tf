resource "aws_launch_template" "a" {
  image_id = "ami-1"

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "optional"
  }
}
