require 'webmock'
require 'net/http'
stub_request(:get, 'http://169.254.169.254/latest/meta-data/instance-id').to_return(body: 'i-1')
