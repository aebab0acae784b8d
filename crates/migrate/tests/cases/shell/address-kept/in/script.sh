#!/bin/sh
EC2_METADATA=http://169.254.169.254/latest/meta-data
export EC2_METADATA
