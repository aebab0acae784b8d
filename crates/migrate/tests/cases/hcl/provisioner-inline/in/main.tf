resource "null_resource" "x" {
  provisioner "remote-exec" {
    inline = [
      "sudo apt-get install -y jq",
      "curl -s http://169.254.169.254/latest/meta-data/instance-id | tee /tmp/id",
      "echo \"$(curl -s ${local.base}/latest/meta-data/ami-id)\"",
    ]
  }
  provisioner "local-exec" {
    command = "curl -s http://169.254.169.254/latest/meta-data/instance-id"
  }
}
