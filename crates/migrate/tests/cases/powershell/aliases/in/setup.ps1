$a = irm http://169.254.169.254/latest/meta-data/ami-id
$b = (iwr "http://169.254.169.254/latest/meta-data/hostname" -UseBasicParsing).Content
$c = (curl http://169.254.169.254/latest/meta-data/mac).Content
