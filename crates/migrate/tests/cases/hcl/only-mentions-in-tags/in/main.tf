resource "aws_ebs_volume" "a" {
  size = 1
  tags = {
    note = "#!/bin/bash\ncurl http://169.254.169.254/latest/meta-data/instance-id"
  }
}
