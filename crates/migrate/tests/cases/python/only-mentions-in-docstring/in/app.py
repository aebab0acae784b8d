"""#!/bin/sh
curl http://169.254.169.254/latest/meta-data/instance-id
"""
import argparse
import logging

parser = argparse.ArgumentParser(description="""#!/bin/sh
curl http://169.254.169.254/latest/meta-data/instance-id
""")
logging.info("""#!/bin/sh
curl http://169.254.169.254/latest/meta-data/instance-id
""")
raise ValueError("""#!/bin/sh
curl http://169.254.169.254/latest/meta-data/instance-id
""")
