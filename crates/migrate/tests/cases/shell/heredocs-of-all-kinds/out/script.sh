#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
cat > version.json <<EOF
{
  "instance": "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id 2>/dev/null || echo 'unknown')",
  "field": "$(echo a b | awk '{print $2}')"
}
EOF
export META=http://169.254.169.254/latest/meta-data/instance-type
type=type.txt
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -nv $META -O "$type" 2>/dev/null
cat <<EOF | tee per-instance.sh >/dev/null
#!/bin/bash
IMDS_TOKEN=\$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
export INSTANCE_ID=\$(curl -H "X-aws-ec2-metadata-token: \$IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)
echo "this is \${INSTANCE_ID}"
EOF
cat > env << EOF
A=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)
B=false
EOF
echo "<h1>$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)</h1>" | tee -a index.html
cat version.json env type.txt
bash per-instance.sh
rm per-instance.sh
