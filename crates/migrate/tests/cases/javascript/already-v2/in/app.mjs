const t = await (await fetch("http://169.254.169.254/latest/api/token", { method: "PUT", headers: { "X-aws-ec2-metadata-token-ttl-seconds": "60" } })).text();
await fetch("http://169.254.169.254/latest/meta-data/", { headers: { "X-aws-ec2-metadata-token": t } });
