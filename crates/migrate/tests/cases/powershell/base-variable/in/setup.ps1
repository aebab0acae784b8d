$base = "http://169.254.169.254/latest/meta-data"
$ip = Invoke-RestMethod "$base/local-ipv4"
$id = Invoke-RestMethod -Uri ($base + "/instance-id")
