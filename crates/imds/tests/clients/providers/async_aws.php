<?php
// What AsyncAws, an SDK for PHP, finds on an instance.
require "AsyncAws/Core/autoload.php";

$region = AsyncAws\Core\Configuration::create(["region" => "us-east-1"]);
$credentials = (new AsyncAws\Core\Credentials\InstanceProvider())->getCredentials($region);
echo $credentials ? $credentials->getAccessKeyId() : "none", "\n";
