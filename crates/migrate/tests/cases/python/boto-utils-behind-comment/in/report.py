#!/usr/bin/env python
# -*- coding: utf-8 -*-
import sys
from boto.utils import get_instance_metadata  # boto 2

# What stands before the name.
# It ends with a space.
TITLE = "runs on "

sys.stdout.write(TITLE + get_instance_metadata()["instance-id"] + "\n")
