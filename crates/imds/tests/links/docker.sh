# The first article, with containers of Docker on a host that is linked, and a container that is an instance.
here=$(dirname "$0")
. "$here/host.sh"
. "$here/docker_engine.sh"
. "$here/article.sh"

article docker

set_hop_limit 1
docker run --detach --name web --network none probe /bin/busybox sleep 600 > /dev/null
imds link add container=web
same "$default 56" "$(docker exec web /bin/busybox sh -c "$probe")" "a container by its name"
docker rm --force web > /dev/null
kill $service
wait $service
kill $daemon
wait $daemon
# It leaves its group of processes.
rmdir /sys/fs/cgroup/*/docker /sys/fs/cgroup/docker 2> /dev/null || :
