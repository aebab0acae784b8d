#!/bin/bash
fetch() {
  curl -sS --fail "$1"
}
fetch http://169.254.169.254/latest/meta-data/instance-id
fetch https://example.com/install.sh | bash
