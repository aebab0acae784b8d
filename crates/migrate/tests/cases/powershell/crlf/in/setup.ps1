$id = Invoke-RestMethod http://169.254.169.254/latest/meta-data/instance-id
Write-Host $id
