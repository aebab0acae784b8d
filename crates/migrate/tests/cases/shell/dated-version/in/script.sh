#!/bin/sh
curl -s http://169.254.169.254/2016-09-02/meta-data/instance-id
