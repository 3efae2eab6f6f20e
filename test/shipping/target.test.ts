import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { ENTRY_TYPES } from '../../src/ledger/canonical.ts';
import { type TargetConfig, targetsOf } from '../../src/shipping/target.ts';

const target = (more: Partial<TargetConfig>): TargetConfig => ({
  name: 'siem',
  url: 'https://siem.test/in',
  format: 'json',
  ...more,
});
const read = (...targets: readonly Partial<TargetConfig>[]) =>
  targetsOf(targets.map(target), { GOOD: 'abc.def-1==', BAD: 'a b\r\nX: y', EMPTY: '' }, ENTRY_TYPES);

test.each([
  [
    { url: 'https://siem.test/in?x=1', credentialEnv: 'GOOD' },
    { kind: 'webhook', url: 'https://siem.test/in?x=1', token: 'abc.def-1==' },
  ],
  [{ url: 'http://127.0.0.1:1/' }, { kind: 'webhook', url: 'http://127.0.0.1:1/', token: null }],
  [{ url: 'https://10.0.0.1/' }, { kind: 'webhook', url: 'https://10.0.0.1/', token: null }],
  [{ url: 'syslog+tls://siem.test' }, { kind: 'tls', host: 'siem.test', port: 6514 }],
  [{ url: 'syslog+tls://[::1]:99' }, { kind: 'tls', host: '::1', port: 99 }],
  [{ url: 'syslog+tcp://10.0.0.1:601' }, { kind: 'tcp', host: '10.0.0.1', port: 601 }],
  [{ url: 'syslog+udp://siem.test:514/' }, { kind: 'udp', host: 'siem.test', port: 514 }],
] as const)('%j', (config, to) => {
  expect(read(config)[0]).toMatchObject({ name: 'siem', types: null, to });
});

describe('a target that cannot be is no start', () => {
  test.each([
    ['TLS', { url: 'http://siem.test/in' }],
    ['user', { url: 'https://user:hunter2@siem.test/' }],
    ['fragment', { url: 'https://siem.test/#hunter2' }],
    ['port', { url: 'syslog+udp://siem.test' }],
    ['port', { url: 'syslog+tcp://siem.test' }],
    ['host', { url: 'syslog+tcp://siem.test:601/path' }],
    ['credentials', { url: 'syslog+tls://siem.test', credentialEnv: 'GOOD' }],
    ['not set', { credentialEnv: 'MISSING' }],
    ['not set', { credentialEnv: 'EMPTY' }],
    ['bearer', { credentialEnv: 'BAD' }],
    ['types', { types: ['decision', 'secrets'] }],
    ['types', { types: [] }],
  ] as const)('%s: %j', (word, config) => {
    const attempt = () => read(config as Partial<TargetConfig>);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(word);
    expect(attempt).not.toThrow(/hunter2|a b/);
  });
  test('two of one name', () => {
    expect(() => read({}, {})).toThrow('two targets');
  });
});
