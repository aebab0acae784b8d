exec { 'id':
  command => '/usr/bin/curl -s http://169.254.169.254/latest/meta-data/instance-id > /etc/id',
  creates => '/etc/id',
}
