Write-Host "http://169.254.169.254/latest/meta-data/"
Test-NetConnection 169.254.169.254 -Port 80
route add 169.254.169.254 mask 255.255.255.255 10.0.0.1
Invoke-Command -ScriptBlock { Write-Output "http://169.254.169.254/latest/meta-data/" }
New-NetFirewallRule -RemoteAddress 169.254.169.254 -Action Block
