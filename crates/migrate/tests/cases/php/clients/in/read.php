<?php
$id = file_get_contents('http://169.254.169.254/latest/meta-data/instance-id');
$ch = curl_init();
curl_setopt($ch, CURLOPT_URL, "http://169.254.169.254/latest/meta-data/ami-id");
$az = curl_exec($ch);
$client = new \GuzzleHttp\Client(['base_uri' => 'http://169.254.169.254/']);
$r = $client->get('latest/meta-data/mac');
$s = `curl -s http://169.254.169.254/latest/meta-data/instance-id`;
exec('curl -s http://169.254.169.254/latest/meta-data/instance-id', $o);
$t = @file_get_contents("http://169.254.169.254/latest/meta-data/$key");
define('MD', 'http://169.254.169.254/latest/meta-data/');
$u = Http::get('http://169.254.169.254/latest/meta-data/hostname');
