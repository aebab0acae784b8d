import os
import subprocess

URL = "http://169.254.169.254/latest"


def run(command):
    return subprocess.check_output(command, shell=True).decode()


print(run("curl -s http://169.254.169.254/latest/meta-data/instance-id"))
print(run("curl -s %s/meta-data/placement/availability-zone" % URL))
subprocess.call("curl -s http://169.254.169.254/latest/meta-data/instance-type".split())
command = "curl -s http://169.254.169.254/latest/meta-data/instance-id"
os.system(command)
