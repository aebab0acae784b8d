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
    inline = ["REGION=$(curl -s http://169.254.169.254/latest/meta-data/placement/region)", "echo $REGION"]
  }
}
