const fetch = require('node-fetch');
const BLOCKED = ['169.254.169.254', '127.0.0.1', 'metadata.google.internal'];
const isBlocked = (u) => BLOCKED.includes(new URL(u).hostname);
describe('ssrf', () => {
  it('rejects metadata', async () => {
    expect(isBlocked('http://169.254.169.254/latest/meta-data/')).toBe(true);
    await expect(safeFetch('http://169.254.169.254/latest/meta-data/iam/security-credentials/')).rejects.toThrow();
    assert.throws(() => guard('http://169.254.169.254/latest/user-data'));
  });
});
const nock = require('nock');
nock('http://169.254.169.254').get('/latest/meta-data/instance-id').reply(200, 'i-1');
axios.get('https://example.com');
