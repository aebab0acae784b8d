$h = @{"Accept" = "text/plain"}
irm -Headers $h -Uri http://169.254.169.254/latest/meta-data/instance-id
