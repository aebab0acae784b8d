#!/bin/sh
curl -s 169.254.169.254/latest/meta-data/instance-id
