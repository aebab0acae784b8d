resource "aws_instance" "a" {
  dynamic "metadata_options" {
    for_each = var.options
    content {
      http_tokens = metadata_options.value
    }
  }
}
