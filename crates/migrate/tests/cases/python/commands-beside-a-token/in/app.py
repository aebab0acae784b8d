import requests


def token():
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    return requests.put("http://169.254.169.254/latest/api/token", headers=headers).text


def here(path):
    headers = {"X-aws-ec2-metadata-token": token()}
    return requests.get("http://169.254.169.254/latest/meta-data/" + path, headers=headers).text


def there(client, hidden):
    client.exec_command("curl -s http://169.254.169.254/latest/meta-data/local-ipv4")
    client.exec_command(f"curl {hidden} http://169.254.169.254/latest/meta-data/mac")
    client.exec_command(f'curl -H "X-aws-ec2-metadata-token: {token()}" http://169.254.169.254/latest/meta-data/ami-id')
