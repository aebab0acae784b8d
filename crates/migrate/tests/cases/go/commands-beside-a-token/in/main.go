package main

import (
	"fmt"
	"net/http"
)

const zone = "curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone"

var commands = []string{"uptime", "curl -s http://169.254.169.254/latest/meta-data/instance-id"}

func id(s session, path string) ([]byte, error) {
	req, _ := http.NewRequest("GET", "http://169.254.169.254/latest/meta-data/mac", nil)
	req.Header.Set("X-aws-ec2-metadata-token", "t")
	s.Output(fmt.Sprintf("curl -s http://169.254.169.254/latest/meta-data/%s", path))
	return s.Output("curl -s http://169.254.169.254/latest/meta-data/ami-id")
}
