source "amazon-ebs" "base" {
  ami_name = "x"
  metadata_options {
    http_tokens = "required"
  }
  imds_support = "v2.0"
}

build {
  sources = ["source.amazon-ebs.base"]
  provisioner "shell" {
    inline = ["IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; REGION=$(curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" -s http://169.254.169.254/latest/meta-data/placement/region)", "echo $REGION"]
  }
}
