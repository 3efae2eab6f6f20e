import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressRules } from '../../src/upstream/addresses.ts';

const rules = addressRules();

describe('refused', () => {
  test.each([
    ['loopback', '127.0.0.1'],
    ['loopback, elsewhere in its block', '127.255.3.9'],
    ['loopback v6', '::1'],
    ['unspecified', '0.0.0.0'],
    ['this host', '0.1.2.3'],
    ['unspecified v6', '::'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['link-local, cloud metadata', '169.254.169.254'],
    ['container metadata', '169.254.170.2'],
    ['link-local v6', 'fe80::1'],
    ['link-local v6 with a zone', 'fe80::1%eth0'],
    ['carrier-grade NAT, cloud metadata', '100.100.100.200'],
    ['protocol assignments', '192.0.0.1'],
    ['benchmarking', '198.18.0.1'],
    ['6to4 relay', '192.88.99.1'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.250'],
    ['multicast v6', 'ff02::1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unique-local', 'fd00:ec2::254'],
    ['unique-local', 'fc00::1'],
    ['site-local', 'fec0::1'],
    ['discard', '100::1'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped loopback, in hexadecimal', '::ffff:7f00:1'],
    ['IPv4-mapped, in full', '0:0:0:0:0:ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-compatible, public', '::8.8.8.8'],
    ['IPv4-translated (RFC 2765)', '::ffff:0:127.0.0.1'],
    ['NAT64 of loopback', '64:ff9b::127.0.0.1'],
    ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
    ['NAT64 with a local prefix', '64:ff9b:1::808:808'],
    ['6to4 of loopback', '2002:7f00:1::'],
    ['6to4 of a public address', '2002:808:808::1'],
    ['Teredo', '2001:0:7f00:1::'],
    ['ORCHIDv2', '2001:20::1'],
    ['benchmarking v6', '2001:2::1'],
    ['segment routing', '5f00::1'],
  ])('%s: %s', (_, address) => expect(rules.admits(address)).toBe(false));

  test.each([
    '',
    'localhost',
    '0177.0.0.1',
    '0x7f.1',
    '127.1',
    '2130706433',
    '8.8.8.8 ',
    '[2600::1]',
    '8.8.8',
    '8.8.8.8/32',
    'x'.repeat(10_000),
  ])('what is no address in its plain spelling: %s', (text) => expect(rules.admits(text)).toBe(false));
});

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '2600:1f18::1',
  '2a04:4e42::223',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  // documentation ranges: nobody's private network
  '192.0.2.1',
  '198.51.100.7',
  '203.0.113.80',
  '2001:db8::1',
])('admitted: %s', (address) => expect(rules.admits(address)).toBe(true));

describe('what the operator lists', () => {
  const own = addressRules(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
  test.each(['10.1.2.3', '127.0.0.1', 'fd12::1', '::ffff:10.1.2.3', '64:ff9b::10.1.2.3'])(
    '%s may',
    (address) => expect(own.admits(address)).toBe(true),
  );
  test.each(['10.2.0.1', '127.0.0.2', 'fe80::1', '::ffff:10.2.0.1', '169.254.169.254'])(
    '%s may not',
    (address) => expect(own.admits(address)).toBe(false),
  );
  test('an IPv4 block of everything opens no IPv6 address but the embedded ones', () => {
    const all = addressRules(['0.0.0.0/0']);
    expect(all.admits('169.254.169.254')).toBe(true);
    expect(all.admits('::1')).toBe(false);
  });
  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '::/129',
    '10.0.0.0/8/8',
    '10.1/16',
    'localhost',
    '*',
  ])('a block that cannot be read is an error: %s', (block) =>
    expect(() => addressRules([block])).toThrow(RangeError),
  );
});

test('an IPv4 address and its mapped and NAT64 forms are judged alike', () => {
  fc.assert(
    fc.property(fc.ipV4(), (v4) => {
      const alone = rules.admits(v4);
      expect(rules.admits(`::ffff:${v4}`)).toBe(alone);
      expect(rules.admits(`64:ff9b::${v4}`)).toBe(alone);
    }),
  );
});

test('nothing outside global unicast is admitted, and no text throws', () => {
  fc.assert(
    fc.property(fc.ipV6(), (v6) => {
      const admitted = rules.admits(v6);
      const first = Number.parseInt(v6.split(':')[0] || '0', 16);
      if (admitted && !/^(::ffff:|64:ff9b:|0*:0*:0*:0*:0*:ffff:)/i.test(v6)) expect(first >> 13).toBe(1);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void rules.admits(text)));
});
