Invoke-RestMethod -Headers @{"Metadata"="true"} -Uri "http://169.254.169.254/metadata/instance?api-version=2021-02-01"
Write-Host "http://169.254.169.254/latest/meta-data/"
route add 169.254.169.254 mask 255.255.255.255 10.0.0.1
