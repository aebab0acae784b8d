require "net/http"
id = Net::HTTP.get(URI.parse("http://169.254.169.254/latest/meta-data/instance-id"))
