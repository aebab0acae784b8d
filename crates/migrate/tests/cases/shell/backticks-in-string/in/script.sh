#!/bin/bash
hostname "web-`curl -s http://169.254.169.254/latest/meta-data/instance-id`.example.com"
