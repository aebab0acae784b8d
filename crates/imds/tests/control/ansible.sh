# Ansible itself, with its modules for AWS.
set -eu

home=$(mktemp -d)
trap 'rm -r "$home"' EXIT
export HOME="$home" LC_ALL=C.UTF-8 ANSIBLE_COLLECTIONS_PATH="$IMDS_TEST_ANSIBLE" ANSIBLE_LOCALHOST_WARNING=false
ansible-playbook "$(dirname "$0")/ansible.yml"
