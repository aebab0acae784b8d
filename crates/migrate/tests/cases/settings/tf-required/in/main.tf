resource "aws_instance" "a" {
  metadata_options {
    http_tokens = "required"
    http_put_response_hop_limit = 1
  }
}
resource "aws_instance" "b" {
  launch_template {
    id = aws_launch_template.a.id
  }
}
resource "aws_instance" "c" {
  metadata_options {
    http_tokens = var.tokens
  }
}
