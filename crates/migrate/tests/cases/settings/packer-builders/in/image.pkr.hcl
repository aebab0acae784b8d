source "amazon-ebs" "b" {
  region = "eu-west-1"
  imds_support = "v2.0"
}
source "amazon-ebssurrogate" "s" {
  region = "eu-west-1"
}
source "amazon-instance" "i" {}
source "amazon-ebs" "ok" {
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
}
