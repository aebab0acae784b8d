param([string]$Base = 'http://169.254.169.254/latest')
function Get-Meta([string]$Path) {
    Invoke-RestMethod -Uri "$Base/meta-data/$Path" -TimeoutSec 2
}
$id = Get-Meta 'instance-id'
$document = (Invoke-WebRequest -UseBasicParsing -Uri "$Base/dynamic/instance-identity/document").Content
