Get-Item C:\none
Write-Output "$? $(Invoke-RestMethod http://169.254.169.254/latest/meta-data/instance-id)"
$doc = Invoke-RestMethod http://169.254.169.254/latest/meta-data/mac
Send-It $doc
if ($x) { 1 } elseif (Invoke-RestMethod -ErrorAction Stop http://169.254.169.254/latest/meta-data/ami-id) { 2 }
