data "http" "ip" {
  url = "http://169.254.169.254/latest/meta-data/public-ipv4"
}

data "http" "v2" {
  url             = "http://169.254.169.254/latest/meta-data/public-ipv4"
  request_headers = { X-aws-ec2-metadata-token = var.token }
}
