import { afterEach, expect, test } from 'vitest';
import { DAY, type HouseOptions, START, startHouse, type TestHouse, tarballPath } from './harness.ts';

// A profile that observes: what lacks only a rule or a requirement is served and told, and nothing is learned from it.

const UNTIL = new Date(START + 30 * DAY).toISOString().replace('.000', '');
const OBSERVE = `
profile: default
mode: observe
until: ${UNTIL}
requirements: { npm: { age: 7d, malware: "off" } }
allow:
  - npm: listed
deny:
  - { npm: denied, reason: bad }
internal: ["@ours/*"]
`;

let house: TestHouse | undefined;
afterEach(async () => {
  await house?.remove();
  house = undefined;
});

async function observing(options: Partial<HouseOptions> = {}): Promise<TestHouse> {
  house = await startHouse({ policy: OBSERVE, ...options });
  return house;
}

async function decisions(of: TestHouse, name: string) {
  return (await of.entries({ package: name })).filter(
    (one) => one['type'] === 'decision' && one['route'] === 'artifact',
  );
}

test('what is on no list is listed, served and entered as would-be refusal', async () => {
  const h = await observing();
  h.registry.addNpm('stranger', { '1.0.0': {} });
  const listing = await h.ask('/npm/stranger');
  expect(listing.status).toBe(200);
  expect(Object.keys(listing.json.versions)).toEqual(['1.0.0']);
  expect((await h.ask(tarballPath('stranger', '1.0.0'))).status).toBe(200);
  const [entry] = await decisions(h, 'stranger');
  expect(entry).toMatchObject({
    verdict: 'allow',
    mode: 'observe',
    observed: [{ code: 'NOT_ALLOWLISTED' }],
  });
  expect(entry?.['reasons']).toBeUndefined();
});

test('what lacks a requirement, too, with the place of the rule', async () => {
  const h = await observing();
  h.registry.addNpm('listed', { '1.0.0': { time: new Date(START - DAY).toISOString() } });
  expect((await h.ask(tarballPath('listed', '1.0.0'))).status).toBe(200);
  const [entry] = await decisions(h, 'listed');
  expect(entry).toMatchObject({
    verdict: 'allow',
    observed: [{ code: 'TOO_YOUNG', place: 'default.yaml:7' }],
  });
});

test('what it serves in spite of the policy becomes no first digest: other bytes are served later', async () => {
  const h = await observing();
  h.registry.addNpm('stranger', { '1.0.0': {} });
  const first = await h.ask(tarballPath('stranger', '1.0.0'));
  expect(first.status).toBe(200);
  h.registry.addNpm('stranger', { '1.0.0': { files: { 'index.js': 'other' } } });
  h.clock.advance(DAY);
  expect((await h.ask('/npm/stranger')).status).toBe(200);
  const second = await h.ask(tarballPath('stranger', '1.0.0'));
  expect(second.status).toBe(200);
  expect(second.body.equals(first.body)).toBe(false);
  const entries = await decisions(h, 'stranger');
  expect(entries.map((one) => one['facts']?.first)).toEqual([undefined, undefined]);
});

test('what a rule admits is admitted as ever, and is a first digest', async () => {
  const h = await observing();
  h.registry.addNpm('listed', { '1.0.0': {} });
  expect((await h.ask(tarballPath('listed', '1.0.0'))).status).toBe(200);
  h.registry.addNpm('listed', { '1.0.0': { files: { 'index.js': 'other' } } });
  h.clock.advance(DAY);
  const answer = await h.ask(tarballPath('listed', '1.0.0'));
  expect(answer.status).toBe(403);
  expect(answer.json.code).toBe('DIGEST_CHANGED');
});

test.each([
  ['denied', 'DENIED'],
  ['@ours/secret', 'NOT_ALLOWLISTED'],
])('%s is refused as in enforce', async (name, code) => {
  const h = await observing();
  h.registry.addNpm(name, { '1.0.0': {} });
  const listing = await h.ask(`/npm/${name.replace('/', '%2f')}`);
  expect(listing.json.code ?? listing.json.error).toContain(code);
  const file = await h.ask(tarballPath(name, '1.0.0'));
  expect(file.status).toBe(403);
  expect(file.json.code).toBe(code);
  if (name.startsWith('@ours')) expect(h.registry.pathsAsked().join()).not.toContain('ours');
});

test('bytes that are not those of the index are refused', async () => {
  const h = await observing();
  h.registry.addNpm('stranger', { '1.0.0': {} });
  expect((await h.ask('/npm/stranger')).status).toBe(200);
  h.registry.addNpm('stranger', { '1.0.0': { files: { 'index.js': 'other' } } });
  const answer = await h.ask(tarballPath('stranger', '1.0.0'));
  expect(answer.status).toBe(403);
  expect(answer.json.code).toBe('DIGEST_MISMATCH');
});

test('when its time is over it enforces, pages and downloads alike, without a reload', async () => {
  const h = await observing();
  h.registry.addNpm('stranger', { '1.0.0': {} });
  expect((await h.ask('/npm/stranger')).status).toBe(200);
  expect((await h.ask(tarballPath('stranger', '1.0.0'))).status).toBe(200);
  h.clock.advance(30 * DAY);
  const listing = await h.ask('/npm/stranger');
  expect(listing.text).toContain('NOT_ALLOWLISTED');
  const answer = await h.ask(tarballPath('stranger', '1.0.0'));
  expect(answer.json.code).toBe('NOT_ALLOWLISTED');
  const entries = await decisions(h, 'stranger');
  expect(entries.map((one) => one['mode'])).toEqual(['observe', 'enforce']);
});

test('names that nobody listed are budgeted', async () => {
  const h = await observing({ env: { SALLYPORT_PREFIX_BUDGET: '3' } });
  for (let i = 0; i < 6; i++) await h.ask(`/npm/invented-${i}`);
  expect(new Set(h.registry.pathsAsked()).size).toBe(3);
});
