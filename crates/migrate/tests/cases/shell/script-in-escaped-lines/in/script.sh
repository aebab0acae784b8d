#!/bin/sh
printf '#!/bin/sh\ncurl -s http://169.254.169.254/latest/meta-data/instance-id\n' > whoami.sh
sh whoami.sh
rm whoami.sh
