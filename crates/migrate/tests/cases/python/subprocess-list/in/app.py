import subprocess

print(subprocess.check_output(["curl", "-s", "http://169.254.169.254/latest/meta-data/instance-id"]))
