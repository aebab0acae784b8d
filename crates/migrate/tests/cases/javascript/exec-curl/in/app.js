const { execSync } = require("child_process");
const id = execSync("curl -s http://169.254.169.254/latest/meta-data/instance-id").toString();
