#!/bin/bash
ip=$(curl -s http://169.254.169.254/latest/meta-data/local-ipv4)
doc="{"
doc="${doc}id: ${n},"
doc="${doc}host: ${ip}:${port},"
doc="${doc}prio: ${prio},"
doc="${doc}name: ${ip}"
doc="${doc}host: ${ip}:${port},"
doc="${doc}prio: ${prio},"
doc="${doc}name: ${ip}"
doc="${doc}}"
echo "init(${doc}, ${doc})"
