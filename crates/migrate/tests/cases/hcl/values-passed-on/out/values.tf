variable "ask" {
  default = "curl -s http://169.254.169.254/latest/meta-data/instance-id"
}

output "hint" {
  value = "curl -s http://169.254.169.254/latest/meta-data/placement/region"
}

variable "boot" {
  default = <<-EOT
    #!/bin/bash
    IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
    curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/local-ipv4
  EOT
}
