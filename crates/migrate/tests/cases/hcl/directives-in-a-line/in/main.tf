resource "aws_launch_template" "web" {
  metadata_options {
    http_tokens = "required"
  }
  user_data = base64encode(<<-EOF
    #!/bin/bash
    %{ if var.tagged }ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)%{ endif }
    ZONE=$(curl -s -w '%%{http_code}' http://169.254.169.254/latest/meta-data/placement/availability-zone)
  EOF
  )
}
