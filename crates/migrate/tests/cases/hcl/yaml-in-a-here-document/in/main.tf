resource "helm_release" "agent" {
  values = [<<-EOT
    extraInit: |
      curl -s http://169.254.169.254/latest/meta-data/hostname
  EOT
  ]
}

locals {
  bootstrap_script = <<-EOT
    curl -s http://169.254.169.254/latest/meta-data/ami-id
  EOT
}
