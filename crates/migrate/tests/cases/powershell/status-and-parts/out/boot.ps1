Get-Item C:\none
Write-Output "$? $($ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"}; Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} http://169.254.169.254/latest/meta-data/instance-id)"
$ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"}
$doc = Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} http://169.254.169.254/latest/meta-data/mac
Send-It $doc
if ($x) { 1 } elseif (Invoke-RestMethod -ErrorAction Stop http://169.254.169.254/latest/meta-data/ami-id) { 2 }
