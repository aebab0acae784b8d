#!/bin/bash
curl $CURL_OPTIONS http://169.254.169.254/latest/meta-data/instance-id
