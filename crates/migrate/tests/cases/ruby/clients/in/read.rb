require 'open-uri'
require 'faraday'
require 'httparty'
x = open('http://169.254.169.254/latest/meta-data/instance-id').read
y = URI.open("http://169.254.169.254/latest/meta-data/ami-id", &:read)
c = Faraday.new(url: 'http://169.254.169.254')
z = c.get('/latest/dynamic/instance-identity/document').body
w = HTTParty.get('http://169.254.169.254/latest/meta-data/mac').body
v = RestClient.get('http://169.254.169.254/latest/user-data')
u = `curl -s http://169.254.169.254/latest/meta-data/instance-id`.strip
t = %x(wget -qO- http://169.254.169.254/latest/meta-data/instance-id)
s = system("curl http://169.254.169.254/latest/meta-data/instance-id")
r = Excon.get('http://169.254.169.254/latest/meta-data/instance-id')
q = Typhoeus.get('http://169.254.169.254/latest/meta-data/instance-id')
