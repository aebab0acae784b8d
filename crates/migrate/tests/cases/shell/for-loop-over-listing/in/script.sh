#!/bin/bash
MACS=http://169.254.169.254/latest/meta-data/network/interfaces/macs
for mac in $(curl -s $MACS/); do
    echo "$mac $(curl -s "$MACS/${mac}vpc-id")"
done
