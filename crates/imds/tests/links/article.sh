# The first article, on an engine whose commands are Docker's. `article ENGINE` leaves the service running.

# Fails unless both are the same.
same() {
    [ "$1" = "$2" ] || { echo "$3: expected $1, got: $2" >&2; exit 1; }
}

# Asks both ways: the instance id by IMDSv1, and the length of a token.
probe='
ask() { printf "$1\r\n\r\n" | busybox timeout 2 busybox nc 169.254.169.254 80 | busybox tail -n 1; }
id=$(ask "GET /latest/meta-data/instance-id HTTP/1.0")
token=$(ask "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60")
echo $id ${#token}'
default=i-1234567890abcdef0

# Sets the hop limit of the default instance by the real command line, and waits until it is in force.
set_hop_limit() {
    aws ec2 modify-instance-metadata-options --instance-id $default --http-put-response-hop-limit "$1" > /dev/null
    until [ "$(aws ec2 describe-instances --instance-ids $default --output text \
        --query 'Reservations[].Instances[].MetadataOptions.State')" = applied ]; do :; done
}

# A container with this host's programs, which starts an engine of its own and asks from a container there.
nested() {
    has_system=$("$1" images --quiet system)
    [ -n "$has_system" ] || "$1" import /mnt/system.tar system > /dev/null
    "$1" run --rm --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined --volume /usr:/usr:ro --volume /etc:/etc:ro --volume "$here:$here:ro" \
        $unpacked --env PATH="$PATH" \
        system /bin/sh -eu "$here/nested.sh" "$1" "$probe" | tail -n 1
}

article() {
    serve --ami al2 --link host
    eval "$(imds env)"
    same "$default 0" "$("$1" run --rm probe /bin/busybox sh -c "$probe")" "a container at hop limit 1"
    same "$default 56" "$("$1" run --rm --network host probe /bin/busybox sh -c "$probe")" "the host's network"
    set_hop_limit 2
    same "$default 56" "$("$1" run --rm probe /bin/busybox sh -c "$probe")" "a container at hop limit 2"
    same "$default 0" "$(nested "$1")" "a container in a container at hop limit 2"
    set_hop_limit 3
    same "$default 56" "$(nested "$1")" "a container in a container at hop limit 3"
}
