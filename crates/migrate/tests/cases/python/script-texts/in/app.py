import subprocess

subprocess.run("""
echo "$(curl -s http://169.254.169.254/latest/meta-data/instance-id)"
""", shell=True)
subprocess.run(["bash", "-c", "echo $(curl -s http://169.254.169.254/latest/meta-data/instance-type)"])
USER_DATA = """#!/bin/bash
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo $ID
"""
subprocess.run(["bash", "-s"], input=USER_DATA.encode())
