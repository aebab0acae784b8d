#!/bin/bash
true && true && \
INSTANCE=$(curl -s http://169.254.169.254/latest/meta-data/instance-id) && \
echo "Name=resource-id,Values=$INSTANCE"
INTERFACE=$(curl --silent http://169.254.169.254/latest/meta-data/network/interfaces/macs/ | head -n1)
echo "$(curl --silent http://169.254.169.254/latest/meta-data/network/interfaces/macs/${INTERFACE}/device-number)"
(
  cd . ; curl -sLo id http://169.254.169.254/latest/meta-data/instance-id
) &
wait
cat id
[ -f /etc/none ] || curl -s http://169.254.169.254/latest/meta-data/mac >mac
test "$(curl -s http://169.254.169.254/latest/meta-data/mac)" = "$(cat mac)" && echo same || echo other
if [[ $(curl -sw '%{http_code}' -o /dev/null http://169.254.169.254/latest/meta-data/mac) -eq 200 ]]; then curl -s http://169.254.169.254/latest/meta-data/instance-type; echo; fi
eval "$(curl -s http://169.254.169.254/latest/meta-data/instance-type | sed 's/^/TYPE=/')"
echo "$TYPE"
curl -s http://169.254.169.254/latest/meta-data/{instance-id,instance-type}
curl -s "http://169.254.169.254/latest/meta-data/$(echo instance-id)"
echo s3://bucket/$(curl -s http://169.254.169.254/latest/meta-data/instance-id)/x
curl -s -m5 http://169.254.169.254/latest/meta-data/instance-id 2>&1 | tee >(cat >&2); echo
