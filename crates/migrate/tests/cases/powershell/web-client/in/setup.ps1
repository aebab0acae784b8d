$wc = New-Object System.Net.WebClient
$id = $wc.DownloadString("http://169.254.169.254/latest/meta-data/instance-id")
