USER_DATA = """#!/bin/bash
yum install -y curl && curl -s http://169.254.169.254/latest/meta-data/instance-id > /etc/{name}
"""

launch(UserData=USER_DATA.format(name="id"))
