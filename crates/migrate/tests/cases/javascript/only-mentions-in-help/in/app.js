const { execSync } = require('child_process');
const usage = 'curl http://169.254.169.254/latest/meta-data/';
const rules = [{ id: 1, example: 'curl http://169.254.169.254/latest/meta-data/' }];
const hint = 'Use curl http://169.254.169.254/latest/meta-data/ to look';
throw new RangeError('curl http://169.254.169.254/latest/meta-data/ failed');
