$type = (Invoke-WebRequest -UseBasicParsing -Uri "http://169.254.169.254/latest/meta-data/instance-type").Content
