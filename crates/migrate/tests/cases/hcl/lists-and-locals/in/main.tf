locals {
  id_command = "curl -s http://169.254.169.254/latest/meta-data/instance-id"
  cloud_init = yamlencode({
    script = "curl -s http://169.254.169.254/latest/meta-data/ami-id > /etc/ami"
  })
}

resource "aws_ecs_task_definition" "probe" {
  container_definitions = jsonencode([{
    command     = ["curl", "-s", "http://169.254.169.254/latest/meta-data/mac"]
    environment = [{ name = "LOOK", value = "curl -s http://169.254.169.254/latest/meta-data/hostname" }]
  }])
}

resource "null_resource" "remote" {
  provisioner "remote-exec" {
    inline = ["sudo timeout 5 ${local.id_command}"]
  }
}
