import requests

answer = requests.get(
    url="http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    timeout=(1, 2),
    allow_redirects=False,
)
if answer.status_code == 200:
    print(answer.text)
else:
    raise SystemExit(answer.status_code)
