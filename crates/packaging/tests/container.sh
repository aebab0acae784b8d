# The tests of the Python package $2 that start containers of the image $1, by an API as Docker's.
. "$(dirname "$0")/podman.sh"
podman system service --time 0 unix:///mnt/podman.sock &
until [ -S /mnt/podman.sock ]; do :; done
# There is no image of what would tidy up. Tests that run in a container would ask the engine for their gateway, of which
# Podman tells less than Docker.
export DOCKER_HOST=unix:///mnt/podman.sock TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_CONNECTION_MODE=docker_host
cd "$2"
PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 python3 -m pytest --quiet -p no:cacheprovider container_tests
podman ps --all --quiet
