#!/bin/bash
case $(curl -s http://169.254.169.254/latest/meta-data/instance-type) in
  t2.*|t3.*) echo burst ;;
  *) echo steady ;;
esac
