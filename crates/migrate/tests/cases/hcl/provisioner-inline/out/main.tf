resource "null_resource" "x" {
  provisioner "remote-exec" {
    inline = [
      "sudo apt-get install -y jq",
      "IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" -s http://169.254.169.254/latest/meta-data/instance-id | tee /tmp/id",
      "echo \"$(curl -s ${local.base}/latest/meta-data/ami-id)\"",
    ]
  }
  provisioner "local-exec" {
    command = "IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" -s http://169.254.169.254/latest/meta-data/instance-id"
  }
}
