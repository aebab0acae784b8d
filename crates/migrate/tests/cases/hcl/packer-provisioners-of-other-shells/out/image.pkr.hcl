build {
  provisioner "powershell" {
    inline = ["$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{\"X-aws-ec2-metadata-token-ttl-seconds\" = \"21600\"}; curl -Headers @{\"X-aws-ec2-metadata-token\" = $ImdsToken} http://169.254.169.254/latest/meta-data/mac"]
  }
  provisioner "windows-shell" {
    inline = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
  provisioner "shell" {
    inline_shebang = "/usr/bin/fish"
    inline         = ["curl http://169.254.169.254/latest/meta-data/mac"]
  }
  provisioner "shell" {
    inline = ["IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" http://169.254.169.254/latest/meta-data/mac"]
  }
}
