resource "null_resource" "a" {
  provisioner "local-exec" {
    interpreter = ["PowerShell", "-Command"]
    command     = "$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{\"X-aws-ec2-metadata-token-ttl-seconds\" = \"21600\"}; curl -Headers @{\"X-aws-ec2-metadata-token\" = $ImdsToken} http://169.254.169.254/latest/meta-data/mac"
  }
  provisioner "local-exec" {
    interpreter = ["/bin/bash", "-c"]
    command     = "IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" http://169.254.169.254/latest/meta-data/mac"
  }
  provisioner "local-exec" {
    interpreter = ["nu", "-c"]
    command     = "curl http://169.254.169.254/latest/meta-data/mac"
  }
  provisioner "local-exec" {
    interpreter = ["python3", "-c"]
    command     = "import urllib.request; print(urllib.request.urlopen(urllib.request.Request('http://169.254.169.254/latest/meta-data/mac', headers={\"X-aws-ec2-metadata-token\": urllib.request.urlopen(urllib.request.Request(\"http://169.254.169.254/latest/api/token\", headers={\"X-aws-ec2-metadata-token-ttl-seconds\": \"21600\"}, method=\"PUT\")).read().decode()})).read())"
  }
}

resource "null_resource" "windows" {
  connection {
    type = "winrm"
  }
  provisioner "remote-exec" {
    inline = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
}
