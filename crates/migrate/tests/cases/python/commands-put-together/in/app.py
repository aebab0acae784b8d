import os

from mine import on_host

BASE = "http://169.254.169.254/latest/meta-data"
TABLE = {"zone": "curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone"}
KEPT = "curl -s http://169.254.169.254/latest/meta-data/hostname"
RUN = "curl -s http://169.254.169.254/latest/meta-data/instance-type"

on_host("a", "curl -s " + BASE + "/ami-id")
on_host("b", "curl -s %s/local-ipv4" % BASE)
on_host("c", "curl -s {}/mac".format(BASE))
on_host("d", f"curl -s {BASE}/{'instance-id'}")
on_host("e", "curl -s "
             "http://169.254.169.254/latest/meta-data/public-ipv4")
on_host("f", TABLE["zone"])
on_host("g", KEPT)
os.system(RUN)
