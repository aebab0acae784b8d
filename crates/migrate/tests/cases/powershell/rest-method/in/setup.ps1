$id = Invoke-RestMethod -Uri http://169.254.169.254/latest/meta-data/instance-id -TimeoutSec 2
$az = Invoke-RestMethod http://169.254.169.254/latest/meta-data/placement/availability-zone
Write-Host $id $az
