<?php
$header = 'X-aws-ec2-metadata-token: ' . $token;
$zone = 'curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone';
$ssh->exec($zone);
$ssh->exec('curl -s http://169.254.169.254/latest/meta-data/instance-id');
$ssh->exec('curl -H "' . $header . '" http://169.254.169.254/latest/meta-data/mac');
