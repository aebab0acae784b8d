#!/bin/bash
cat > version.json <<EOF
{
  "instance": "$(curl -s http://169.254.169.254/latest/meta-data/instance-id 2>/dev/null || echo 'unknown')",
  "field": "$(echo a b | awk '{print $2}')"
}
EOF
export META=http://169.254.169.254/latest/meta-data/instance-type
type=type.txt
wget -nv $META -O "$type" 2>/dev/null
cat <<EOF | tee per-instance.sh >/dev/null
#!/bin/bash
export INSTANCE_ID=\$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo "this is \${INSTANCE_ID}"
EOF
cat > env << EOF
A=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
B=false
EOF
echo "<h1>$(curl -s http://169.254.169.254/latest/meta-data/instance-id)</h1>" | tee -a index.html
cat version.json env type.txt
bash per-instance.sh
rm per-instance.sh
