import { expect, test } from 'vitest';
import { startWarning } from '../../src/start-words.ts';

test.each(['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0', '0'])('%s without a name says what to set', (host) => {
  expect(startWarning({ host, hosts: [] })).toMatch(/421.*SALLYPORT_HOSTS.*SALLYPORT_PUBLIC_URL/);
});

test.each([
  { host: '0.0.0.0', hosts: ['install.example'] },
  { host: '::', hosts: [], publicUrl: 'https://install.example' },
  { host: '127.0.0.1', hosts: [] },
  { host: '::1', hosts: [] },
  { host: '10.0.0.1', hosts: [] },
])('$host with a name says nothing', (config) => {
  expect(startWarning(config)).toBeNull();
});
