function Get-Meta($path) {
    try {
        $ImdsToken = Invoke-RestMethod -Method Put -Uri http://169.254.169.254/latest/api/token -Headers @{"X-aws-ec2-metadata-token-ttl-seconds" = "21600"} -ErrorAction Stop
        return Invoke-RestMethod -Headers @{"X-aws-ec2-metadata-token" = $ImdsToken} -Uri "http://169.254.169.254/latest/meta-data/$path" -ErrorAction Stop
    } catch {
        return $null
    }
}
Get-Meta "instance-id"
