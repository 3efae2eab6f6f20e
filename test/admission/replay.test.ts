import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { questionOf } from '../../src/admission/replay.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { updateFeed } from '../../src/feed/refresh.ts';
import { FEED_LIMITS } from '../../src/feed/sources.ts';
import { feedFolder } from '../../src/feeds/status.ts';
import { decide } from '../../src/policy/decide.ts';
import { ghsaRecord, malRecord } from '../feeds/records.ts';
import { makeNpmTarball } from '../verify/archives.ts';
import { type EvidenceHouse, startEvidenceHouse } from './evidence-house.ts';
import { DAY, SECOND, sri, startHouse, tarballPath } from './harness.ts';

// Promise 5: an entry holds all that its decision was made from. So each entry is decided again, by nothing but
// the entry and the policy that it names, and has to come to the same verdict for the same reasons.

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);
const PINNED = makeNpmTarball({ name: 'pinned', version: '1.0.0' });
const NAMES = [
  'plain',
  'young',
  'scripted',
  'hidden',
  'denied',
  'undeclared',
  'wrong',
  'changed',
  'misnamed',
  'late',
];
const IDENTITY = '{ repository: github.com/acme/widget, workflow: release.yml }';
const POLICY = `
profile: default
requirements: { npm: { age: 7d }, pypi: { age: 7d } }
allow:
${NAMES.map((name) => `  - npm: ${name}`).join('\n')}
  - npm: ranged
    versions: ">=2"
  - { npm: attested, requirements: { age: 0, registry-signature: required, provenance: ${IDENTITY} } }
  - { npm: strangers, requirements: { age: 0, provenance: ${IDENTITY} } }
  - { npm: bare, requirements: { age: 0, registry-signature: required, provenance: required } }
  - { npm: misattested, requirements: { age: 0 } }
  - { npm: dropped, requirements: { age: 0, registry-signature: no-downgrade, provenance: no-downgrade } }
  - pypi: plain
  - pypi: away
  - pypi: held
deny:
  - { npm: denied, versions: "1.0.0", reason: bad }
pins:
  - { npm: pinned@1.0.0, integrity: "${sri(PINNED)}" }
`;

let house: EvidenceHouse;
beforeAll(async () => {
  house = await startEvidenceHouse({ policy: POLICY });
});
afterAll(() => house.remove());

test('every entry of a file is decided again from itself, to the same end', async () => {
  const { registry, clock } = house;
  const wheel = (name: string) => `${name}-1.0.0-py3-none-any.whl`;
  registry.addNpm('plain', { '1.0.0': {} });
  registry.addNpm('young', { '1.0.0': { time: new Date(clock.now() - DAY).toISOString() } });
  registry.addNpm('scripted', { '1.0.0': { manifest: { scripts: { install: 'x' } } } });
  registry.addNpm('hidden', {
    '1.0.0': { packageJson: { name: 'hidden', version: '1.0.0', scripts: { install: 'x' } } },
  });
  registry.addNpm('misnamed', { '1.0.0': { packageJson: { name: 'x', version: '1.0.0' } } });
  registry.addNpm('denied', { '1.0.0': {} });
  registry.addNpm('undeclared', { '1.0.0': { integrity: 'none' } });
  registry.addNpm('wrong', { '1.0.0': { integrity: 'wrong' } });
  registry.addNpm('changed', { '1.0.0': {} });
  registry.addNpm('ranged', { '1.0.0': {}, '2.0.0': {} });
  registry.addNpm('pinned', { '1.0.0': { tarball: PINNED }, '2.0.0': {} });
  registry.addNpm('late', { '1.0.0': {} });
  registry.addPypi('plain', [{ filename: wheel('plain') }, { filename: 'plain-1.0.0.tar.gz' }]);
  registry.addPypi('away', [
    { filename: wheel('away'), metadata: 'Requires-Dist: x @ https://evil.test/x.whl\n' },
  ]);
  registry.addPypi('held', [{ filename: wheel('held') }], { status: 'quarantined' });
  await house.add('attested', '1.0.0');
  await house.add('strangers', '1.0.0', { provenance: { signer: { repository: 'stranger/widget' } } });
  await house.add('bare', '1.0.0', { signed: false, provenance: null });
  await house.add('misattested', '1.0.0', { provenance: { version: '9.9.9' } });
  await house.add('dropped', '1.0.0');
  const paths = [
    ...['attested', 'strangers', 'bare', 'misattested', 'dropped'].map((name) => tarballPath(name, '1.0.0')),
    ...NAMES.map((name) => tarballPath(name, '1.0.0')),
    ...['1.0.0', '2.0.0'].flatMap((version) => [
      tarballPath('ranged', version),
      tarballPath('pinned', version),
    ]),
    ...['plain', 'away', 'held'].map((name) => `/pypi/files/${name}/${wheel(name)}`),
    '/pypi/files/plain/plain-1.0.0.tar.gz',
  ];
  const all = async () => {
    for (const path of paths) await house.ask(path);
  };
  await all();
  // The same from what is remembered; then with a second digest, and a version that was not there before.
  clock.advance(600 * SECOND);
  registry.addNpm('changed', { '1.0.0': { bulk: 10 } });
  registry.addNpm('late', { '1.1.0': {} });
  await house.add('dropped', '1.1.0', { signed: false, provenance: null });
  await house.add('dropped', '1.2.0', {
    provenance: { signer: { repository: 'stranger/widget', repositoryId: '9' } },
  });
  await all();
  for (const version of ['1.1.0', '1.2.0']) await house.ask(tarballPath('dropped', version));
  await house.ask(tarballPath('late', '1.1.0'));
  await house.restart();
  clock.advance(8 * DAY);
  await all();
  await house.ask(tarballPath('late', '1.1.0'));

  const decisions = (await house.entries({ type: 'decision' })).filter((e) => e['facts']?.kind !== undefined);
  const codes = new Set<string>();
  for (const entry of decisions) {
    const replayed = questionOf(entry, SCHEMES);
    if (replayed.question === null) throw new Error(`${entry['purl']}: ${replayed.why}`);
    expect(replayed.incomplete).toBe(false);
    const again = decide(house.house.policy(), entry['profile'], replayed.question);
    const reasons = (entry['reasons'] ?? []).map((r: { code: string }) => r.code);
    for (const code of reasons) codes.add(code);
    expect(
      { verdict: again.verdict, reasons: again.reasons.map((r) => r.code), by: again.by },
      `${entry['purl']} ${entry['file']}`,
    ).toEqual({ verdict: entry['verdict'], reasons, by: entry['by'] ?? null });
  }
  expect(decisions.length).toBeGreaterThan(50);
  // What was asked for covers the language: a code that no entry has would not have been tried.
  expect([...codes].sort()).toEqual([
    'DENIED',
    'DIGEST_CHANGED',
    'DIGEST_MISMATCH',
    'DIRECT_URL',
    'EVIDENCE_DOWNGRADE',
    'INSTALL_SCRIPTS',
    'METADATA_MISMATCH',
    'NO_DIGEST',
    'PROVENANCE_MISMATCH',
    'PROVENANCE_MISSING',
    'PROVENANCE_SIGNER',
    'QUARANTINED_UPSTREAM',
    'SDIST',
    'SIGNATURE_MISSING',
    'SIGNER_CHANGED',
    'TOO_YOUNG',
    'VERSION_NOT_ALLOWED',
  ]);
});

test('so are entries of what feeds, licences, waivers, the floor and mode observe say', async () => {
  const rules = `
requirements:
  npm: { age: 7d, malware: deny, vulnerability: high, licence: { allow: [MIT] }, floor: admitted }
  pypi: { malware: deny }
allow:
${['plain', 'evil', 'weak', 'copyleft', 'falling', 'waived'].map((name) => `  - npm: ${name}`).join('\n')}
  - pypi: hooked
`;
  const own = await startHouse({ policy: `profile: default${rules}` });
  try {
    const { registry, clock } = own;
    const release = (name: string, version: string, more: object = {}) => ({
      manifest: { license: 'MIT' },
      packageJson: { name, version, license: 'MIT' },
      ...more,
    });
    const young = new Date(clock.now() - DAY).toISOString();
    const add = (name: string, versions: Record<string, object>) =>
      registry.addNpm(
        name,
        Object.fromEntries(
          Object.entries(versions).map(([version, more]) => [version, release(name, version, more)]),
        ),
      );
    add('plain', { '1.0.0': {} });
    add('evil', { '1.0.0': {} });
    add('weak', { '1.0.0': {} });
    add('copyleft', {
      '1.0.0': {
        manifest: { license: 'GPL-3.0-only' },
        packageJson: { name: 'copyleft', version: '1.0.0', license: 'GPL-3.0-only' },
      },
    });
    add('falling', { '1.0.0': {}, '2.0.0': {} });
    add('waived', { '1.0.0': { time: young } });
    add('stranger', { '1.0.0': { time: young } });
    registry.addPypi('hooked', [
      { filename: 'hooked-1.0-py3-none-any.whl', files: { 'hooked.pth': 'import os\n' } },
    ]);
    const records = [malRecord('MAL-2026-1', 'evil'), ghsaRecord('GHSA-aaaa-bbbb-cccc', 'weak')];
    const from = join(own.root, 'osv');
    await mkdir(from);
    for (const one of records) await writeFile(join(from, `${one['id']}.json`), JSON.stringify(one));
    await updateFeed(feedFolder(join(own.root, 'data')), [from], clock.now, {
      force: false,
      limits: FEED_LIMITS,
    });
    const paths = [
      tarballPath('falling', '2.0.0'),
      tarballPath('falling', '1.0.0'),
      ...['plain', 'evil', 'weak', 'copyleft', 'waived', 'stranger'].map((name) =>
        tarballPath(name, '1.0.0'),
      ),
      '/pypi/files/hooked/hooked-1.0-py3-none-any.whl',
    ];
    const codes = new Set<string>();
    const kinds = new Set<string>();
    const allAgain = async () => {
      own.takeAsked();
      await own.entries();
      for (const path of paths) await own.ask(path);
      const decisions = (await own.entries()).filter((entry) => entry['facts']?.kind !== undefined);
      expect(decisions.length).toBeGreaterThan(paths.length - 3);
      for (const entry of decisions) {
        const { question, ...more } = questionOf(entry, SCHEMES);
        if (question === null) throw new Error(`${entry['purl']}: ${'why' in more ? more.why : ''}`);
        const again = decide(own.house.policy(), entry['profile'], question);
        const listed = (list: readonly { code: string }[] | undefined) =>
          (list ?? []).map(({ code }) => code);
        for (const kind of ['reasons', 'observed', 'waived', 'warnings'] as const) {
          expect(listed(again[kind]), `${entry['purl']} ${kind}`).toEqual(listed(entry[kind]));
          for (const code of listed(entry[kind])) codes.add(code);
          if (listed(entry[kind]).length > 0) kinds.add(kind);
        }
        expect(again.verdict).toBe(entry['verdict']);
      }
    };
    await allAgain();
    const waiver = `{ npm: waived@1.0.0, integrity: "${sri(registry.tarball('waived', '1.0.0'))}", lifts: age, reason: r, approver: ana, expires: 2026-12-31 }`;
    const observe = 'mode: observe\nuntil: 2026-12-31';
    await own.setPolicy(
      `profile: default\n${observe}${rules.replace('vulnerability: high', 'vulnerability: warn')}waivers:\n  - ${waiver}\n`,
    );
    await allAgain();
    expect([...kinds].sort()).toEqual(['observed', 'reasons', 'waived', 'warnings']);
    expect([...codes].sort()).toEqual([
      'BELOW_FLOOR',
      'LICENCE',
      'MALWARE',
      'NOT_ALLOWLISTED',
      'STARTUP_HOOK',
      'TOO_YOUNG',
      'VULNERABLE',
    ]);
  } finally {
    await own.remove();
  }
}, 60_000);
