import requests

imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=(1, 2)).text
answer = requests.get(
    url="http://169.254.169.254/latest/meta-data/iam/security-credentials/", headers={"X-aws-ec2-metadata-token": imds_token},
    timeout=(1, 2),
    allow_redirects=False,
)
if answer.status_code == 200:
    print(answer.text)
else:
    raise SystemExit(answer.status_code)
