#!/usr/bin/env python
# -*- coding: utf-8 -*-
import json
from boto.utils import get_instance_metadata  # boto 2

# Where the report is written.
# The folder exists on every machine.
TARGET = "/var/tmp/report.json"

with open(TARGET, "w") as report:
    json.dump({"id": get_instance_metadata()["instance-id"]}, report)
