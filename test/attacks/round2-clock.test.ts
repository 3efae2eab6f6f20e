import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowing, DAY, START, startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';

// An upstream that changes what it declares step by step, so that no single step names other bytes.

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: allowing(['lib', 'kin'], [], 'requirements: { npm: { age: 7d } }\n'),
  });
});
afterAll(() => house.remove());

const time = new Date(START - DAY).toISOString();
const sri = (algorithm: 'sha256' | 'sha512', bytes: Uint8Array) =>
  `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
const files = { 'evil.js': 'x' };

async function sees(name: string, spec: object): Promise<void> {
  house.registry.addNpm(name, { '1.1.0': { time, ...spec } });
  house.clock.advance(DAY);
  expect((await house.ask(`/npm/${name}`)).status).toBe(200);
}

test('other bytes whose digest is first added beside the old one are young all the same', async () => {
  await sees('lib', {});
  const old = sri('sha512', house.registry.tarball('lib', '1.1.0'));
  house.clock.advance(8 * DAY);
  house.registry.addNpm('lib', { '1.1.0': { time, files } });
  const other = sri('sha256', house.registry.tarball('lib', '1.1.0'));
  await sees('lib', { files, integrity: `${old} ${other}` });
  house.registry.addNpm('lib', { '1.1.0': { time, files, integrity: other } });
  house.clock.advance(DAY);
  const answer = await house.ask(tarballPath('lib', '1.1.0'));
  expect([answer.status, answer.json.code]).toEqual([403, 'TOO_YOUNG']);
});

test('a digest that is taken away and comes back is of the same bytes', async () => {
  await sees('kin', {});
  const bytes = house.registry.tarball('kin', '1.1.0');
  const both = `${sri('sha256', bytes)} ${sri('sha512', bytes)}`;
  await sees('kin', { integrity: both });
  house.clock.advance(8 * DAY);
  await sees('kin', { integrity: sri('sha512', bytes) });
  await sees('kin', { integrity: both });
  expect((await house.ask(tarballPath('kin', '1.1.0'))).status).toBe(200);
});
