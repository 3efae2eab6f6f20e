import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { updateFeed } from '../../src/feed/refresh.ts';
import { feedFolder } from '../../src/feeds/status.ts';
import { malRecord } from '../feeds/records.ts';
import { type LockPlace, lockPlace, packageLock, requirements } from './lockfile-place.ts';

const DAY = 86_400_000;
const OURS = 'locked-app-package-lock.yaml';
const POLICY = `profile: default
requirements:
  npm: { age: 7d }
deny:
  - { npm: banned, versions: "1.0.0" }
`;

let place: LockPlace;
beforeAll(async () => {
  place = await lockPlace();
  const { registry } = place;
  registry.addNpm('left-pad', { '1.3.0': {} });
  registry.addNpm('banned', { '1.0.0': {}, '1.1.0': {} });
  registry.addNpm('stolen', { '1.0.0': {} });
  registry.addNpm('young', { '1.1.0': { time: new Date(Date.now() - DAY - 60_000).toISOString() } });
  registry.addNpm('copyleft', { '1.0.0': { manifest: { license: 'GPL-3.0-only' } } });
  registry.addNpm('leading', { '1.0.0': { manifest: { dependencies: { a: 'git+https://x.example/a' } } } });
  registry.addPypi('old', [{ filename: 'old-1.0.tar.gz' }]);
});
afterAll(() => place.remove());
beforeEach(async () => {
  await rm(join(place.root, 'data'), { recursive: true, force: true });
  await place.policy({ 'default.yaml': POLICY });
  place.registry.clearFaults();
});

const lockOf = (entries: Parameters<typeof packageLock>[1]) =>
  place.put('app/package-lock.json', packageLock(place.registry, entries));
const written = async () => (await place.allowlists())[OURS] ?? '';

async function feed(...records: readonly object[]): Promise<void> {
  const path = join(place.root, 'feed.jsonl');
  await writeFile(path, records.map((one) => JSON.stringify(one)).join('\n'));
  await updateFeed(feedFolder(join(place.root, 'data')), [path], Date.now, { force: true });
}

test('known malware, what is denied and what is young is never pinned without a word', async () => {
  await feed(malRecord('MAL-2026-9', 'stolen'));
  const lock = await lockOf({
    'left-pad@1.3.0': {},
    'banned@1.0.0': {},
    'banned@1.1.0': {},
    'stolen@1.0.0': {},
    'young@1.1.0': {},
  });
  const { code, stderr } = await place.run('import', lock);
  expect(stderr).toMatch(
    /^LOOK: stolen@1\.0\.0 would be refused all the same: it is named by a record of malicious packages \[MALWARE\]: MAL-2026-9; nothing is written for it \(line \d+\)$/m,
  );
  expect(stderr).toMatch(
    /^LOOK: banned@1\.0\.0 would be refused all the same: it is denied by the policy \[DENIED\]/m,
  );
  expect(stderr).toMatch(/^LOOK: young@1\.1\.0 is 1 day old, and its pin passes over age 7d \(line \d+\)$/m);
  expect(stderr).toContain('3 pins, 3 new, 0 changed, 0 gone; 3 to look at');
  expect(code).toBe(1);
  expect([...(await written()).matchAll(/npm: ([^,]+),/g)].map(([, subject]) => subject)).toEqual([
    'banned@1.1.0',
    'left-pad@1.3.0',
    'young@1.1.0',
  ]);
});

test('a record that came since takes the pin away; JSON says why', async () => {
  const lock = await lockOf({ 'left-pad@1.3.0': {}, 'stolen@1.0.0': {} });
  expect((await place.run('import', lock)).code).toBe(0);
  await feed(malRecord('MAL-2026-9', 'stolen'));
  const { code, stdout } = await place.run('import', lock, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    gone: ['npm stolen@1.0.0'],
    flags: [{ code: 'refused', package: 'stolen', version: '1.0.0', reasons: ['MALWARE'], fails: true }],
  });
  expect(code).toBe(1);
});

test('a registry that does not answer hides neither malware nor age', async () => {
  await feed(malRecord('MAL-2026-9', 'stolen'));
  place.registry.withFault(/./, { kind: 'status', status: 500 });
  const { code, stderr } = await place.run(
    'import',
    await lockOf({ 'left-pad@1.3.0': {}, 'stolen@1.0.0': {} }),
  );
  expect(stderr).toContain('LOOK: stolen@1.0.0 would be refused all the same');
  expect(stderr).toContain(
    'LOOK: left-pad@1.3.0 is of an age that nobody knows, and its pin passes over age 7d',
  );
  expect(await written()).not.toContain('stolen');
  expect(code).toBe(1);
});

test('what a waiver could lift is said, and has a waiver to review', async () => {
  await place.policy({
    'default.yaml': 'profile: default\nrequirements:\n  npm: { licence: { allow: [MIT] } }\n',
  });
  const lock = await lockOf({ 'copyleft@1.0.0': {}, 'leading@1.0.0': {} });
  const { code, stdout } = await place.run('import', lock, '--json');
  const { flags, review } = JSON.parse(stdout);
  expect(review).toEqual([
    { ecosystem: 'npm', package: 'copyleft@1.0.0', lifts: 'licence' },
    { ecosystem: 'npm', package: 'leading@1.0.0', lifts: 'direct-urls' },
  ]);
  expect(flags).toMatchObject([
    { package: 'copyleft', reasons: ['LICENCE'] },
    { package: 'leading', reasons: ['DIRECT_URL'] },
  ]);
  expect(await written()).toMatch(/^# {3}- \{ npm: copyleft@1\.0\.0, integrity: "[^"]+", lifts: licence, /m);
  expect(code).toBe(1);
  // As comments they approve of nothing, and are written as they were.
  expect((await place.run('import', lock)).stderr).toContain('nothing to do');
});

test('the files that a lockfile names are decided on, and rules as they would be', async () => {
  const hashed = await place.put(
    'app/requirements.txt',
    requirements(place.registry, { 'old==1.0': ['old-1.0.tar.gz'] }),
  );
  const pins = await place.run('import', hashed);
  expect(pins.stderr).toContain('LOOK: old@1.0 would be refused all the same: it is a source distribution');
  expect(pins.code).toBe(1);
  const rules = await place.run('import', await lockOf({ 'young@1.1.0': {} }), '--as', 'rules');
  expect(rules.stderr).toContain('LOOK: young@1.1.0 would be refused all the same: it is younger than');
  expect(rules.code).toBe(1);
});

test('a lock on age binds pins, too: then they are refused, and pass over nothing', async () => {
  await place.policy({
    'base.yaml': 'profile: base\nrequirements:\n  npm: { age: 7d }\nlocked: [age]\n',
    'default.yaml': 'profile: default\nextends: [base]\n',
  });
  const { stderr, code } = await place.run('import', await lockOf({ 'young@1.1.0': {} }));
  expect(stderr).toContain('LOOK: young@1.1.0 would be refused all the same: it is younger than');
  expect(stderr).not.toContain('passes over');
  expect(code).toBe(1);
});
