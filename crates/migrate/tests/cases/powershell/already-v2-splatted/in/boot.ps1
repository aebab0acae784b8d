$token = Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "60"} -Method PUT -Uri http://169.254.169.254/latest/api/token
Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $token} -Uri http://169.254.169.254/latest/meta-data/mac
$h = @{"X-aws-ec2-metadata-token" = $token}; $p = @{ Uri = "http://169.254.169.254/latest/user-data"; Headers = $h }; Invoke-RestMethod @p
