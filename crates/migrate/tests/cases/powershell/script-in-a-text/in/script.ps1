$script = @'
$url = "http://169.254.169.254/latest/meta-data/public-keys/0/openssh-key"
$request = [System.Net.WebRequest]::Create($url)
$response = $request.GetResponse()
'@
$script | Out-File C:\keys.ps1
