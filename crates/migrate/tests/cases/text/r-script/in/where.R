id <- httr::content(httr::GET("http://169.254.169.254/latest/meta-data/instance-id"))
zone <- system("curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone", intern = TRUE)
# Nobody's: curl http://169.254.169.254/latest/meta-data/
cat("don't", id, zone)
