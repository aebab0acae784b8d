resource "aws_instance" "web" {
  ami           = var.ami
  instance_type = "t3.micro"

  metadata_options {
    http_tokens = "required"
  }

  user_data = <<-EOF
    #!/bin/bash
    set -e
    ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
    NAME="${var.name}-$${ID}"
    hostnamectl set-hostname "$NAME"
  EOF
}
