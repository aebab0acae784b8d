resource "helm_release" "agent" {
  values = [<<-EOT
    extraInit: |
      curl -s http://169.254.169.254/latest/meta-data/hostname
  EOT
  ]
}

locals {
  bootstrap_script = <<-EOT
    IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
    curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/ami-id
  EOT
}
