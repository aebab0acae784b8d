#!/bin/bash
curl -s http://169.254.169.254/latest/user-data | sh
eval "$(curl -s http://169.254.169.254/latest/user-data)"
