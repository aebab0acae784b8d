#!/bin/bash
opts=(-s --fail --max-time 2)
curl "${opts[@]}" http://169.254.169.254/latest/meta-data/instance-id
