$p = @{ Uri = "http://169.254.169.254/latest/user-data" }
Invoke-RestMethod @p
& curl.exe -s http://169.254.169.254/latest/meta-data/ami-id
Start-BitsTransfer -Source http://169.254.169.254/latest/user-data -Destination C:\ud
