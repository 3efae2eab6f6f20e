import { describe, expect, test } from 'vitest';
import { acceptedEncodings } from '../../src/gate/encodings.ts';
import { etagsOf } from '../../src/gate/headers.ts';
import { hostsOf } from '../../src/gate/hosts.ts';

test.each([
  [undefined, ['identity']],
  ['', ['identity']],
  ['gzip, deflate', ['gzip', 'identity']],
  ['zstd,gzip,deflate', ['zstd', 'gzip', 'identity']],
  ['gzip;q=0.5, br;q=0.9', ['br', 'gzip', 'identity']],
  ['gzip;q=1.0, zstd;q=0', ['gzip', 'identity']],
  ['gzip;q=0.0', ['identity']],
  ['*', ['zstd', 'br', 'gzip', 'identity']],
  ['*;q=0', ['identity']],
  ['identity', ['identity']],
  ['identity;q=0.1, gzip;q=0.01', ['identity', 'gzip']],
  ['GZIP ; q=0.8', ['gzip', 'identity']],
  ['x-gzip', ['gzip', 'identity']],
  ['br, identity;q=0', ['br']],
  ['gzip;q=2', ['identity']],
  ['gzip;q=nan, __proto__, constructor;q=1', ['identity']],
  ['g'.repeat(2000), ['identity']],
])('Accept-Encoding %j', (header, expected) => {
  expect(acceptedEncodings(header)).toEqual(expected);
});

test.each([
  [undefined, null],
  ['', null],
  ['*', ['*']],
  ['"a"', ['"a"']],
  ['W/"a"', ['"a"']],
  ['"a", W/"b" ,"c"', ['"a"', '"b"', '"c"']],
  ['a', null],
  ['"a" "b"', null],
  ['"a', null],
  [`"${'a'.repeat(5000)}"`, null],
])('If-None-Match %j', (header, expected) => {
  expect(etagsOf(header)).toEqual(expected);
});

describe('Host', () => {
  const origin = (
    names: string[],
    publicUrl: string | null,
    host: string[],
    scheme: 'http' | 'https' = 'http',
  ) => hostsOf({ names, publicUrl, scheme, port: () => 4880 }).origin(host);

  test.each([
    ['localhost:4880', 'http://localhost:4880'],
    ['LocalHost:4880', 'http://localhost:4880'],
    ['127.0.0.1:4880', 'http://127.0.0.1:4880'],
    ['[::1]:4880', 'http://[::1]:4880'],
    ['localhost', null],
    ['localhost:4881', null],
    ['localhost.:4880', null],
    ['localhost:4880.evil.test', null],
    ['user@localhost:4880', null],
    ['evil.test:4880', null],
    ['127.1:4880', null],
    ['localhost:04880', null],
    ['localhost:4880/path', null],
    ['', null],
    [' localhost:4880', null],
  ])('by default %j gives %j', (host, expected) => {
    expect(origin([], null, [host])).toBe(expected);
  });

  test('none or several are none', () => {
    expect(origin([], null, [])).toBe(null);
    expect(origin([], null, ['localhost:4880', 'localhost:4880'])).toBe(null);
  });

  test('configured names replace the loopback names', () => {
    expect(origin(['pkg.test', 'other.test:8443'], null, ['pkg.test'])).toBe('http://pkg.test');
    expect(origin(['pkg.test'], null, ['pkg.test:4880'])).toBe('http://pkg.test:4880');
    expect(origin(['pkg.test'], null, ['pkg.test:9'])).toBe(null);
    expect(origin(['other.test:8443'], null, ['other.test:8443'], 'https')).toBe('https://other.test:8443');
    expect(origin(['other.test:8443'], null, ['other.test'])).toBe(null);
    expect(origin(['pkg.test'], null, ['localhost:4880'])).toBe(null);
  });

  test('a public URL is the base whatever name was used, and its name is one of ours', () => {
    expect(origin([], 'https://pkg.test/sally/', ['localhost:4880'])).toBe('https://pkg.test/sally');
    expect(origin([], 'https://pkg.test', ['pkg.test'])).toBe('https://pkg.test');
    expect(origin([], 'https://pkg.test', ['evil.test'])).toBe(null);
  });

  test('nonsense does not start', () => {
    expect(() => origin(['http://x'], null, ['x'])).toThrow('host');
    expect(() => origin([''], null, ['x'])).toThrow('host');
    expect(() => origin([], 'pkg.test', ['x'])).toThrow('public URL');
    expect(() => origin([], 'https://u:p@pkg.test', ['x'])).toThrow('public URL');
    expect(() => origin([], 'ftp://pkg.test', ['x'])).toThrow('public URL');
  });

  test('before it listens, only names with their port are ours', () => {
    expect(
      hostsOf({ names: [], publicUrl: null, scheme: 'http', port: () => null }).origin(['localhost']),
    ).toBe(null);
  });
});
