#!/usr/bin/env python
"""Prints where it runs."""
import boto.utils
import sys

def _imds_get(path, *missing):
    """Reads instance metadata with a session token (IMDSv2), past any proxy."""
    try:
        from urllib import request
    except ImportError:
        import urllib2 as request
    direct = request.build_opener(request.ProxyHandler({}))
    base = "http://169.254.169.254/latest/"
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
    ask = request.Request(base + "api/token", headers=lifetime)
    ask.get_method = lambda: "PUT"
    token = direct.open(ask, timeout=5).read().decode()
    ask = request.Request(base + path, headers={"X-aws-ec2-metadata-token": token})
    try:
        value = direct.open(ask, timeout=5).read()
    except request.HTTPError as error:
        if error.code != 404:
            raise
        if not missing:
            raise KeyError(path)
        return missing[0]
    return value if isinstance(value, str) else value.decode()


iid = _imds_get("meta-data/instance-id")
az = _imds_get("meta-data/placement/availability-zone")
print(iid, az, _imds_get("user-data", ""))
