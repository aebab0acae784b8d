#!/bin/sh
curl -s http://instance-data/latest/meta-data/local-ipv4
