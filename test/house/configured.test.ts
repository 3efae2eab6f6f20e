import { expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config.ts';
import { configDigest } from '../../src/house/configured.ts';
import { sha256 } from '../../src/model/digest.ts';

const TOKEN = {
  hash: sha256('a'),
  agent: 'ana',
  profile: 'default',
  role: 'agent',
  tenant: 'default',
} as const;

const of = (more: Partial<Config>) => configDigest({ ...loadConfig({}), ...more });
const base = of({});

test('the same configuration has the same digest, from wherever it was read', () => {
  expect(configDigest(loadConfig({}))).toBe(base);
  expect(configDigest(loadConfig({ SALLYPORT_PORT: '4880', SALLYPORT_FEED_MAX_AGE: '3d' }))).toBe(base);
  const tokens = of({ auth: { tokens: [TOKEN] } });
  expect(
    of({ auth: { tokens: [{ ...Object.fromEntries(Object.entries(TOKEN).reverse()) } as typeof TOKEN] } }),
  ).toBe(tokens);
});

test.each<[string, Partial<Config>]>([
  ['a port', { port: 1 }],
  ['pseudonyms', { pseudonyms: true }],
  ['a retention', { retentionAfter: 1 }],
  ['an upstream', { npmUpstream: 'https://a.test/' }],
  ['a token', { auth: { tokens: [TOKEN] } }],
  ["a token's role", { auth: { tokens: [{ ...TOKEN, role: 'auditor' }] } }],
  ["a token's end", { auth: { tokens: [{ ...TOKEN, expires: '2027-01-01T00:00:00Z' }] } }],
])('%s makes another', (_, more) => {
  expect(of(more)).not.toBe(base);
});

test('a password in an address is not in it: nobody can try passwords against the ledger', () => {
  const at = (user: string) => of({ npmUpstream: `https://${user}a.test/npm/` });
  expect(at('ana:secret@')).toBe(at('ana:other@'));
  expect(at('ana:secret@')).toBe(at(''));
  expect(at('')).not.toBe(of({ npmUpstream: 'https://b.test/npm/' }));
});
