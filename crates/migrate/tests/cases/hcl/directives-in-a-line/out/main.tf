resource "aws_launch_template" "web" {
  metadata_options {
    http_tokens = "required"
  }
  user_data = base64encode(<<-EOF
    #!/bin/bash
    %{ if var.tagged }IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
                      ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)%{ endif }
    IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
    ZONE=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s -w '%%{http_code}' http://169.254.169.254/latest/meta-data/placement/availability-zone)
  EOF
  )
}
