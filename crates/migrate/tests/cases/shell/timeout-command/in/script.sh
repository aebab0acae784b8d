#!/bin/bash
timeout 5 curl -s http://169.254.169.254/latest/meta-data/instance-id
