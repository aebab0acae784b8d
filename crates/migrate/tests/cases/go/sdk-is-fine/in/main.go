package main

import "github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

// see http://169.254.169.254/latest/meta-data/
var _ = imds.Client{}
