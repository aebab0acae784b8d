const axios = require('axios');
const KEPT = 'curl -s http://169.254.169.254/latest/meta-data/instance-id';
const table = { zone: 'curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone' };
async function main() {
  const t = await axios.put('http://169.254.169.254/latest/api/token', '', { headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' } });
  await axios.get('http://169.254.169.254/latest/meta-data/mac', { headers: { 'X-aws-ec2-metadata-token': t.data } });
  await ssh.execCommand(KEPT);
  await ssh.execCommand('curl -s http://169.254.169.254/latest/meta-data/local-ipv4');
  await ssm.send(new SendCommandCommand({ Parameters: { commands: ['ID=$(curl -s http://169.254.169.254/latest/meta-data/ami-id)'] } }));
  await ssh.execCommand(`curl -H "X-aws-ec2-metadata-token: ${t.data}" http://169.254.169.254/latest/meta-data/mac`);
  await ssh.execCommand('curl http://169.254.169.254/latest/meta-data/mac -H "X-aws-ec2-metadata-token: ' + t.data + '"');
  throw new Error('curl http://169.254.169.254/latest/meta-data/ failed');
}
