#!/usr/bin/env python
"""Prints where it runs."""
import boto.utils
import sys

iid = boto.utils.get_instance_metadata()['instance-id']
az = boto.utils.get_instance_metadata()['placement']['availability-zone']
print(iid, az, boto.utils.get_instance_userdata())
