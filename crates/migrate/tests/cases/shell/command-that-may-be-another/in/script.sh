#!/bin/bash
run() { $1; }
run 'curl -s http://169.254.169.254/latest/meta-data/instance-id'
run "echo $HOME"

ask='curl -s http://169.254.169.254/latest/meta-data/instance-id'
[ -n "$1" ] && ask=$1
$ask
