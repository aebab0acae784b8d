import os
import subprocess
iid = subprocess.check_output("curl -s http://169.254.169.254/latest/meta-data/instance-id", shell=True)
az = os.popen('curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone').read()
raw = subprocess.check_output(["curl", "-s", "http://169.254.169.254/latest/meta-data/ami-id"])
