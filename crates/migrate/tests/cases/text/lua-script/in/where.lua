local id = require("socket.http").request("http://169.254.169.254/latest/meta-data/instance-id")
local zone = io.popen("curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone"):read("*a")
os.execute('wget -qO /tmp/user-data http://169.254.169.254/latest/user-data')
print(id, zone)
