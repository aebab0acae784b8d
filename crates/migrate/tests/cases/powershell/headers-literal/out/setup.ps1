$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"}
irm -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken; "Accept" = "text/plain"} -Uri http://169.254.169.254/latest/meta-data/instance-id
