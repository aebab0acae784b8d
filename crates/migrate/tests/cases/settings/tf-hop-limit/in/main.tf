resource "aws_launch_template" "ecs" {
  user_data = base64encode("#!/bin/bash\necho ECS_CLUSTER=x >> /etc/ecs/ecs.config")
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
}
