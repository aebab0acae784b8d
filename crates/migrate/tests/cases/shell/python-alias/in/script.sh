#!/bin/bash
python3 -c "import urllib.request as u; print(u.urlopen('http://169.254.169.254/latest/meta-data/instance-id').read().decode())"
python3 -c 'import requests as r; print(r.get("http://169.254.169.254/latest/meta-data/instance-type").text)'
