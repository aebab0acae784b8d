#!/bin/bash
curl \
    --silent \
    --show-error \
    --retry 3 \
    http://169.254.169.254/latest/meta-data/instance-id
