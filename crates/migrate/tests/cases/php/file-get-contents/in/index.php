<?php
$id = file_get_contents('http://169.254.169.254/latest/meta-data/instance-id');
echo $id;
