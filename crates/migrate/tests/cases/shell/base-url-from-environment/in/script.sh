#!/bin/sh
curl -s "$IMDS/latest/meta-data/instance-id"
