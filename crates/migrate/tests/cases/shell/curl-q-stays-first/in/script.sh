#!/bin/bash
curl -q -s http://169.254.169.254/latest/meta-data/instance-id
curl -s http://169.254.169.254/latest/meta-data/ami-id -: -s http://169.254.169.254/latest/meta-data/mac
