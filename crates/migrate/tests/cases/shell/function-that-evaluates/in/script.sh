#!/bin/bash
run() { bash -c "$1"; }
run 'curl -s http://169.254.169.254/latest/meta-data/instance-id'
