#!/bin/bash
export IMDS=http://169.254.169.254
python3 - <<PY
import os, urllib.request
print(urllib.request.urlopen(os.environ["IMDS"] + "/latest/meta-data/instance-id").read().decode())
PY
