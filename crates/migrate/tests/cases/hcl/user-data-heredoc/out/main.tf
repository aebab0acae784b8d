resource "aws_instance" "web" {
  ami           = var.ami
  instance_type = "t3.micro"

  metadata_options {
    http_tokens = "required"
  }

  user_data = <<-EOF
    #!/bin/bash
    set -e
    IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
    ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)
    NAME="${var.name}-$${ID}"
    hostnamectl set-hostname "$NAME"
  EOF
}
