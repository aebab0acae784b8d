use LWP::Simple;
my $id = get("http://169.254.169.254/latest/meta-data/instance-id");
print "$id\n";
