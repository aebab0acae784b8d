$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"}
$a = irm -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} http://169.254.169.254/latest/meta-data/ami-id
$b = (iwr -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} "http://169.254.169.254/latest/meta-data/hostname" -UseBasicParsing).Content
$c = (curl -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} http://169.254.169.254/latest/meta-data/mac).Content
