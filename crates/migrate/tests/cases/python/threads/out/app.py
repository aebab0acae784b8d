from concurrent.futures import ThreadPoolExecutor

import requests


def read(path):
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=2).text
    return requests.get("http://169.254.169.254/latest/meta-data/" + path, headers={"X-aws-ec2-metadata-token": imds_token}, timeout=2).text


with ThreadPoolExecutor() as pool:
    print(list(pool.map(read, ["instance-id", "instance-type"])))
