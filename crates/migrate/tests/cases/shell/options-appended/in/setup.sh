#!/bin/bash
options=(-s --connect-timeout 1)
options+=(-m 2)
curl "${options[@]}" http://169.254.169.254/latest/meta-data/instance-id
