Send-SSMCommand -InstanceId $id -DocumentName AWS-RunShellScript -Parameter @{commands = @("curl -s http://169.254.169.254/latest/meta-data/instance-id", "uptime")}
$command = "curl -s http://169.254.169.254/latest/meta-data/ami-id"
Invoke-SSHCommand -SessionId 0 -Command $command
$userData = @"
yum install -y jq
ID=`$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
"@
New-EC2Instance -ImageId ami-1 -UserData ([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($userData)))
Write-Host "curl http://169.254.169.254/latest/meta-data/"
Set-Content who.sh 'curl -s http://169.254.169.254/latest/meta-data/mac'
