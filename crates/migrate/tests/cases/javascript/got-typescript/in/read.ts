import got from 'got';
const base = 'http://169.254.169.254/latest';
export const id = async () => (await got(`${base}/meta-data/instance-id`)).body;
export const az = await got.get(base + '/meta-data/placement/availability-zone').text();
