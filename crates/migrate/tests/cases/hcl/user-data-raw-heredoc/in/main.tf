locals {
  script = <<EOT
#!/bin/bash
%{ if var.debug }
set -x
%{ endif }
curl -s http://169.254.169.254/latest/meta-data/ami-id
EOT
}
