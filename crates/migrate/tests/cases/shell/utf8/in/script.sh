#!/bin/bash
# 実行 – прочее
echo "日本"; ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id); echo "→ $ID"
