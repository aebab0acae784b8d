cmd /c "curl -s http://169.254.169.254/latest/meta-data/instance-id > id.txt"
bitsadmin /transfer job http://169.254.169.254/latest/user-data C:\ud
function Get-Meta($p) { return (New-Object Net.WebClient).DownloadString("http://169.254.169.254/latest/meta-data/$p") }
Invoke-RestMethod -Uri ("http://169.254.169.254/latest/meta-data/{0}" -f "hostname")
Invoke-WebRequest `
  -Uri http://169.254.169.254/latest/user-data `
  -OutFile C:\ud.txt
