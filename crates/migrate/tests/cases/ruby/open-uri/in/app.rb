require 'open-uri'
META = 'http://169.254.169.254/latest/meta-data'
puts URI.open("#{META}/ami-id").read
