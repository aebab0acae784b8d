package x

import "github.com/franela/goreq"

const azURL = "http://169.254.169.254/latest/meta-data/placement/availability-zone"

var other = "http://169.254.169.254/latest/meta-data/"

func az() { goreq.Request{Uri: azURL, Timeout: 1}.Do() }
