#!/bin/bash
curl -H "Accept: text/plain" -A probe/1.0 -s http://169.254.169.254/latest/meta-data/instance-id
