#!/bin/bash
get() { curl -s "$1"; }
get http://169.254.169.254/latest/meta-data/instance-id
get "$MIRROR"

go() { $1; }
go 'curl -s http://169.254.169.254/latest/meta-data/instance-id'
go "curl -s $MIRROR"
