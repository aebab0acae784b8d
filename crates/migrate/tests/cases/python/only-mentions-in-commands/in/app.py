import click
import pytest

from mine import on_host

HEADER = '-H "X-aws-ec2-metadata-token: $T"'
V2 = 'T=$(curl -sX PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 60"); curl -H "X-aws-ec2-metadata-token: $T" http://169.254.169.254/latest/meta-data/mac'

on_host("a", V2)
on_host("b", "curl " + HEADER + " http://169.254.169.254/latest/meta-data/mac")
on_host("c", f"curl {HEADER} http://169.254.169.254/latest/meta-data/mac")
print("curl http://169.254.169.254/latest/meta-data/ to look")
click.echo("curl http://169.254.169.254/latest/meta-data/")
hint = "Run curl http://169.254.169.254/latest/meta-data/ on the host"
usage = "to see more, use curl http://169.254.169.254/latest/meta-data/"
assert on_host.last == "curl http://169.254.169.254/latest/meta-data/"
if hint == "curl http://169.254.169.254/latest/meta-data/":
    pytest.skip("curl http://169.254.169.254/latest/meta-data/ fails")
HELP = """
To look at it:
    curl http://169.254.169.254/latest/meta-data/
"""
RULE = {"pattern": "curl http://169.254.169.254/latest/meta-data/", "severity": "high"}
