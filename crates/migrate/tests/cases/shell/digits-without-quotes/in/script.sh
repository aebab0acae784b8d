#!/bin/sh
U=http://169.254.169.254/latest
meta() { curl -s $U/meta-data/$1; }
pair() { curl -s $U/$1/$2; }
meta instance-id
pair meta-data instance-type
echo
