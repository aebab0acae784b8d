#!/bin/bash
ID=$(ec2metadata --instance-id)
ZONE="$(ec2metadata --availability-zone)"
ec2metadata --local-ipv4
