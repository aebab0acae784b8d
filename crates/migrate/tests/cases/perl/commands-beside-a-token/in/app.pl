my %headers = ('X-aws-ec2-metadata-token' => $token);
my $zone = "curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone";
$ssh->capture($zone);
$ssh->capture('curl -s http://169.254.169.254/latest/meta-data/instance-id');
