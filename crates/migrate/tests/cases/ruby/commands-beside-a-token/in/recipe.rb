require 'net/http'
zone = 'curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone'
Net::HTTP.get(uri, 'X-aws-ec2-metadata-token' => token)
ssh.exec! zone
ssh.exec!("curl -s http://169.254.169.254/latest/meta-data/instance-id")
file '/usr/local/bin/who' do
  content "#!/bin/sh\ncurl -s http://169.254.169.254/latest/meta-data/mac\n"
end
