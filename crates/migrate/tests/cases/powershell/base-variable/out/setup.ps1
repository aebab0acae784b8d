$base = "http://169.254.169.254/latest/meta-data"
$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"}
$ip = Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} "$base/local-ipv4"
$id = Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} -Uri ($base + "/instance-id")
