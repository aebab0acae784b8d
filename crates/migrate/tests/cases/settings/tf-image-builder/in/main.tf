resource "aws_imagebuilder_infrastructure_configuration" "silent" {
  name = "silent"
}

resource "aws_imagebuilder_infrastructure_configuration" "said" {
  name = "said"
  instance_metadata_options {
    http_tokens = "required"
  }
}
