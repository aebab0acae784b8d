#!/bin/bash
# Registers a web server with its load balancer.
set -euo pipefail

METADATA=http://169.254.169.254/latest/meta-data
LOG=/var/log/user-data.log

log() {
    printf '%s %s\n' "$(date -u +%FT%TZ)" "$*" >>"$LOG"
}

install_packages() {
    local package
    for package in nginx jq amazon-cloudwatch-agent; do
        if ! rpm -q "$package" >/dev/null; then
            log "installing $package"
            dnf install -y "$package"
        fi
    done
}

INSTANCE_ID=$(curl -s "$METADATA/instance-id")
REGION=$(curl -s http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region)
ADDRESS=$(curl --silent --fail --max-time 5 "$METADATA/local-ipv4" || hostname -I | cut -d' ' -f1)

case "$REGION" in
    us-*) BUCKET=assets-us ;;
    eu-*) BUCKET=assets-eu ;;
    *) BUCKET=assets ;;
esac

install_packages

cat >/etc/nginx/conf.d/site.conf <<EOF
server {
    listen 80;
    server_name $ADDRESS;
    add_header X-Served-By $INSTANCE_ID;
    root /srv/site;
}
EOF

aws s3 sync "s3://$BUCKET/site" /srv/site --region "$REGION"
systemctl enable --now nginx

until [ "$(curl -s -o /dev/null -w '%{http_code}' http://localhost/)" = 200 ]; do
    log "waiting for nginx"
    sleep 1
done

if curl -sf "$METADATA/spot/instance-action" >/dev/null; then
    log "about to be interrupted: not registered"
    exit 0
fi

aws elbv2 register-targets --target-group-arn "$TARGET_GROUP_ARN" --targets "Id=$INSTANCE_ID"
log "$INSTANCE_ID is registered"
