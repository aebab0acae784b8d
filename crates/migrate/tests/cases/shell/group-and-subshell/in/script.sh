#!/bin/bash
{ curl -s http://169.254.169.254/latest/meta-data/instance-id; echo; } > /tmp/id
( cd /tmp; curl -s http://169.254.169.254/latest/meta-data/ami-id > ami )
