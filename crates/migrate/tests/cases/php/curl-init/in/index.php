<?php
$ch = curl_init("http://169.254.169.254/latest/meta-data/placement/availability-zone");
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
$az = curl_exec($ch);
