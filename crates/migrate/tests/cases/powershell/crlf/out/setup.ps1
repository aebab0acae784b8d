$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"}
$id = Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} http://169.254.169.254/latest/meta-data/instance-id
Write-Host $id
