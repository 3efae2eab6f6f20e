import { createHash } from 'node:crypto';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import canonicalize from 'canonicalize';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { leafHash } from '../../src/ledger/canonical.ts';
import { Layout } from '../../src/vault/layout.ts';
import { startEvidenceHouse } from '../admission/evidence-house.ts';
import { DAY, type Entry, startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';

/** Replays every decision of a house, while it runs. */
async function replayAll(h: TestHouse) {
  const env = { SALLYPORT_DATA: `${h.root}/data` };
  const replayed = [];
  for (const entry of await h.entries({ type: 'decision', limit: 10_000 })) {
    const ran = await sallyport(env, 'replay', String(entry.seq), '--json');
    const [line] = linesOf(ran);
    expect(ran.code).toBe(line.outcome === 'same' ? 0 : 1);
    replayed.push({ entry, line });
  }
  return replayed;
}

const POLICY = `profile: default
requirements:
  npm: { age: 7d, install-scripts: deny, licence: { allow: [MIT, ISC], otherwise: warn } }
  pypi: { sdist: deny, startup-hooks: deny, age: 0 }
allow:
  - npm: plain
  - npm: scripted
  - npm: young
  - npm: bundling
  - npm: ranged
    versions: ">=2"
  - npm: licensed
    requirements: { licence: { allow: [MIT] } }
  - npm: warned
  - npm: wrong
  - npm: "pre-*"
  - npm: fault
  - npm: denied
  - pypi: wheeled
deny:
  - { npm: denied, reason: bad }
internal: [ "@acme/*" ]
`;

test('every decision of many kinds comes out the same, or says why it is not decided again', async () => {
  const h = await startHouse({ policy: POLICY });
  onTestFinished(() => h.remove());
  const { registry } = h;
  const MIT = { license: 'MIT' };
  registry.addNpm('plain', { '1.0.0': { manifest: MIT } });
  registry.addNpm('scripted', { '1.0.0': { manifest: { ...MIT, scripts: { install: 'x' } } } });
  registry.addNpm('young', { '1.0.0': { manifest: MIT, time: new Date(h.clock.now() - DAY).toISOString() } });
  registry.addNpm('bundling', {
    '1.0.0': {
      manifest: { ...MIT, bundleDependencies: ['in'] },
      files: { 'node_modules/in/package.json': '{"name":"in","version":"1.0.0"}' },
    },
  });
  registry.addNpm('ranged', { '1.0.0': { manifest: MIT }, '2.0.0': { manifest: MIT } });
  registry.addNpm('licensed', { '1.0.0': { manifest: { license: 'GPL-3.0-only' } }, '2.0.0': {} });
  registry.addNpm('warned', { '1.0.0': { manifest: { license: 'BSD-3-Clause' } } });
  registry.addNpm('wrong', { '1.0.0': { integrity: 'wrong' } });
  registry.addNpm('denied', { '1.0.0': {} });
  registry.addNpm('pre-a', { '1.0.0': { manifest: MIT } });
  registry.addNpm('fault', { '1.0.0': {} });
  registry.withFault(/fault$/, { kind: 'reset' });
  registry.addPypi('wheeled', [
    { filename: 'wheeled-1.0-py3-none-any.whl', coreMetadata: 'right' },
    { filename: 'wheeled-2.0-py3-none-any.whl', files: { 'a.pth': 'import os' } },
    { filename: 'wheeled-1.0.tar.gz' },
  ]);
  for (const [name, version] of [
    ['plain', '1.0.0'],
    ['plain', '1.0.0'],
    ['plain', '9.9.9'],
    ['scripted', '1.0.0'],
    ['young', '1.0.0'],
    ['bundling', '1.0.0'],
    ['ranged', '1.0.0'],
    ['ranged', '2.0.0'],
    ['licensed', '1.0.0'],
    ['licensed', '2.0.0'],
    ['warned', '1.0.0'],
    ['wrong', '1.0.0'],
    ['denied', '1.0.0'],
    ['pre-a', '1.0.0'],
    ['pre-unknown', '1.0.0'],
    ['fault', '1.0.0'],
    ['unlisted', '1.0.0'],
    ['@acme/inner', '1.0.0'],
  ] as const)
    await h.ask(tarballPath(name, version));
  const page = (await h.ask('/pypi/simple/wheeled/')).text;
  for (const [, href] of page.matchAll(/href="([^"#]+)/g)) {
    const path = new URL(href ?? '', `${h.url}/pypi/simple/wheeled/`).pathname;
    await h.ask(path);
    if (path.endsWith('.whl')) await h.ask(`${path}.metadata`);
  }
  for (const path of ['/npm/young', '/npm/unlisted', '/npm/licensed/1.0.0', '/npm/..%2f..'])
    await h.ask(path);
  const replayed = await replayAll(h);
  const outcomes = replayed.map(({ entry, line }) => ({
    what: [entry['verdict'], entry['route'], entry['name'], entry['version'], entry['reasons']?.[0]?.code]
      .filter(Boolean)
      .join(' '),
    outcome: line.outcome,
    differences: line.differences,
    undecided: line.undecided,
  }));
  expect(outcomes.filter(({ outcome }) => outcome === 'differs')).toEqual([]);
  const whyNot = outcomes.flatMap(({ outcome, what, undecided }) =>
    outcome === 'undecided' ? [[what, ...undecided]] : [],
  );
  const cannot = (why: string) => `it cannot be decided again: it ${why}`;
  expect(whyNot).toEqual([
    ['refuse artifact plain 9.9.9 UNKNOWN_VERSION', cannot('was refused for what no policy decides')],
    [
      'refuse artifact pre-unknown NOT_ALLOWLISTED',
      'it cannot be decided again: the policy let its name pass, and no upstream knows it, or its agent asked for too many',
    ],
    ['refuse artifact fault 1.0.0 UPSTREAM_FAULT', cannot('was refused for what no policy decides')],
    ['refuse index young VERSION_NOT_ALLOWED', cannot('is about no single file')],
    ['refuse index licensed 1.0.0 LICENCE', cannot('is about no single file')],
    ['refuse gate BAD_PATH', cannot('is about no package')],
  ]);
  const same = outcomes.filter(({ outcome }) => outcome === 'same').map(({ what }) => what);
  for (const what of [
    'allow artifact plain 1.0.0',
    'allow artifact bundling 1.0.0',
    'allow artifact warned 1.0.0',
    'allow metadata wheeled 1.0',
    'refuse artifact scripted 1.0.0 INSTALL_SCRIPTS',
    'refuse artifact young 1.0.0 TOO_YOUNG',
    'refuse artifact ranged 1.0.0 VERSION_NOT_ALLOWED',
    'refuse artifact wrong 1.0.0 DIGEST_MISMATCH',
    'refuse artifact denied DENIED',
    'refuse artifact unlisted NOT_ALLOWLISTED',
    'refuse artifact @acme/inner NOT_ALLOWLISTED',
    'refuse artifact wheeled 2.0 STARTUP_HOOK',
    'refuse artifact wheeled 1.0 SDIST',
  ])
    expect(same).toContain(what);
}, 180_000);

async function housed(policy: string): Promise<TestHouse> {
  const house = await startHouse({ policy });
  onTestFinished(() => house.remove());
  return house;
}

const sri = (h: TestHouse, name: string, version: string) =>
  `sha512-${createHash('sha512').update(h.registry.tarball(name, version)).digest('base64')}`;

test('waivers, pins, modes and first digests come out the same, each under the policy of then', async () => {
  const h = await housed('profile: default\nallow:\n  - npm: scripted\n  - npm: pinned\n');
  const scripts = { scripts: { install: 'x' } };
  h.registry.addNpm('scripted', { '1.0.0': { manifest: scripts } });
  h.registry.addNpm('pinned', { '1.0.0': {}, '2.0.0': {} });
  h.registry.addNpm('free', { '1.0.0': { manifest: scripts } });
  const [one, two] = [sri(h, 'scripted', '1.0.0'), sri(h, 'pinned', '1.0.0')];
  const asked = [
    tarballPath('scripted', '1.0.0'),
    tarballPath('pinned', '1.0.0'),
    tarballPath('pinned', '2.0.0'),
    tarballPath('free', '1.0.0'),
  ];
  const policies = [
    `profile: default
requirements: { npm: { install-scripts: deny } }
allow: [{ npm: scripted }, { npm: pinned }]
waivers:
  - { npm: scripted@1.0.0, integrity: "${one}", lifts: install-scripts, reason: native, approver: ana, expires: 2027-01-31 }
`,
    `profile: default
mode: frozen
allow: [{ npm: scripted }]
pins:
  - { npm: pinned@1.0.0, integrity: "${two}" }
  - { npm: pinned@2.0.0, integrity: "${two}" }
`,
    `profile: default
mode: observe
until: 2027-01-01
requirements: { npm: { install-scripts: deny } }
allow: [{ npm: pinned, versions: "1" }]
`,
  ];
  for (const policy of policies) {
    expect(await h.setPolicy(policy)).toBe(true);
    for (const path of asked) await h.ask(path);
  }
  // Other bytes under a name that was admitted.
  h.registry.addNpm('pinned', { '1.0.0': { bulk: 10 } });
  h.clock.advance(DAY);
  await h.setPolicy('profile: default\nallow: [{ npm: pinned }]\n');
  await h.ask(tarballPath('pinned', '1.0.0'));
  const replayed = await replayAll(h);
  expect(replayed.filter(({ line }) => line.outcome !== 'same').map(({ line }) => line)).toEqual([]);
  const entries = replayed.map(({ entry }) => entry);
  expect(entries.some(({ waived }) => waived?.[0]?.code === 'INSTALL_SCRIPTS')).toBe(true);
  expect(entries.some(({ observed }) => observed?.length > 0)).toBe(true);
  expect(entries.some(({ by }) => by === 'pin')).toBe(true);
  const codes = new Set(
    entries.flatMap(({ reasons }) => (reasons ?? []).map((one: { code: string }) => one.code)),
  );
  for (const code of ['PIN_MISMATCH', 'NOT_PINNED', 'DIGEST_CHANGED']) expect(codes).toContain(code);
  expect(new Set(entries.map(({ policy }) => policy)).size).toBe(4);
}, 180_000);

test('evidence is verified again under the trust of then, and what it came to is compared', async () => {
  const h = await startEvidenceHouse({
    policy: `profile: default
requirements: { npm: { registry-signature: required, provenance: if-present } }
allow: [{ npm: "good" }, { npm: "signed" }, { npm: "bare" }, { npm: "forged" }]
`,
  });
  onTestFinished(() => h.remove());
  await h.add('good', '1.0.0');
  await h.add('signed', '1.0.0', { provenance: null });
  await h.add('bare', '1.0.0', { signed: false, provenance: null });
  // Of the right key, over another version.
  const signature = h.world.registrySignature({ name: 'forged', version: '2.0.0', integrity: 'sha512-AA==' });
  await h.add('forged', '1.0.0', { signed: [signature], provenance: null });
  for (const name of ['good', 'signed', 'bare', 'forged']) await h.ask(tarballPath(name, '1.0.0'));
  const replayed = await replayAll(h);
  expect(replayed.map(({ entry, line }) => [entry['name'], entry['verdict'], line.outcome])).toEqual([
    ['good', 'allow', 'same'],
    ['signed', 'allow', 'same'],
    ['bare', 'refuse', 'same'],
    ['forged', 'refuse', 'same'],
  ]);
  expect(replayed[0]?.entry['checks']).toContainEqual(
    expect.objectContaining({ check: 'provenance', result: 'verified', signers: [expect.anything()] }),
  );
  expect(replayed[3]?.line.notes).toContainEqual(
    expect.stringMatching(/^registry-signature is not verified again/),
  );
  // The document is gone: nothing can be said of it any more.
  const document = replayed[0]?.entry['checks'].find((one: { check: string }) => one.check === 'provenance')
    ?.documents[0];
  const path = new Layout(join(h.root, 'data', 'vault')).file('evidence', document);
  const bytes = await readFile(path);
  await rm(path);
  const again = async () => (await replayAll(h))[0]?.line;
  expect(await again()).toMatchObject({
    outcome: 'undecided',
    undecided: [
      expect.stringMatching(/^provenance cannot be verified again: its document sha256:\w+ is gone/),
    ],
  });
  // Another one stands in its place: it is not the document.
  await writeFile(path, Buffer.concat([bytes, Buffer.from(' ')]));
  expect(await again()).toMatchObject({ outcome: 'undecided' });
  await writeFile(path, bytes);
  expect(await again()).toMatchObject({ outcome: 'same' });
  const trust = new Layout(join(h.root, 'data', 'vault')).file('evidence', replayed[0]?.entry['facts'].trust);
  await rm(trust);
  expect(await again()).toMatchObject({
    outcome: 'undecided',
    undecided: [
      expect.stringMatching(/registry-signature.*trusted then is not kept/),
      expect.stringMatching(/provenance.*trusted then is not kept/),
    ],
  });
}, 180_000);

/** Writes another entry in the place of one, with the leaf hash of what it says, as nobody could who wrote only the log. */
function forge(h: TestHouse, seq: number, change: (entry: Json) => void): void {
  const db = new Database(join(h.root, 'data', 'ledger', 'ledger.db'));
  try {
    const bytes = db.prepare('SELECT bytes FROM entry WHERE seq = ?').pluck().get(seq);
    const entry: Json = JSON.parse(String(bytes));
    change(entry);
    const text = canonicalize(entry) ?? '';
    const leaf = Buffer.from(leafHash(text), 'hex');
    db.prepare('UPDATE entry SET bytes = ?, leaf = ? WHERE seq = ?').run(text, leaf, seq);
  } finally {
    db.close();
  }
}

type Json = Entry['any'];

const other = `sha256:${'0'.repeat(64)}`;
const changes: Record<string, readonly [change: (entry: Json) => unknown, differs: RegExp]> = {
  verdict: [(e) => Object.assign(e, { verdict: 'refuse' }), /it is a refusal without a reason/],
  rule: [(e) => Object.assign(e, { place: 'default.yaml:99' }), /^place$/],
  'kind of rule': [(e) => Object.assign(e, { by: 'prefix' }), /^by$/],
  waiver: [(e) => Object.assign(e, { waived: [{ code: 'TOO_YOUNG', place: 'default.yaml:3' }] }), /^waived$/],
  warning: [(e) => Object.assign(e, { warnings: [{ code: 'LICENCE' }] }), /^warnings$/],
  mode: [(e) => Object.assign(e, { mode: 'observe' }), /^mode$/],
  age: [(e) => Object.assign(e.facts, { lastAbsent: e.time, firstSeen: e.time }), /^verdict$/],
  time: [(e) => Object.assign(e, { time: 1 }), /^verdict$/],
  finding: [
    (e) => Object.assign(e.facts, { findings: [{ code: 'INSTALL_SCRIPT', place: 'x' }] }),
    /^verdict$/,
  ],
  'declared digest': [(e) => Object.assign(e.facts, { declared: [other] }), /^verdict$/],
  'digest of the bytes': [(e) => Object.assign(e, { sha256: other }), /^sha256 of the bytes$/],
  size: [(e) => Object.assign(e, { size: 7 }), /^size of the bytes$/],
  'first digest': [
    (e) => Object.assign(e.facts, { first: { sha256: other, sha512: e.sha512 } }),
    /^verdict$/,
  ],
  check: [(e) => e.checks.splice(0, 1), /^verdict$/],
  'result of a check': [(e) => Object.assign(e.checks[0], { result: 'failed' }), /^verdict$/],
  licence: [(e) => Object.assign(e.facts, { licence: 'ISC' }), /^licence that the bytes declare$/],
  'bundled package': [(e) => Object.assign(e, { bundled: ['in@2.0.0'] }), /^what lies in the bytes$/],
  'number of bundled packages': [(e) => Object.assign(e, { bundled: [] }), /^what lies in the bytes$/],
  policy: [(e) => Object.assign(e, { policy: other }), /the policy sha256:0+ is not kept here/],
  'fact that is not known': [(e) => Object.assign(e.facts, { more: 'x' }), /its facts cannot be read/],
};
test.each(Object.entries(changes).map(([what, [change, differs]]) => [what, change, differs] as const))(
  'an entry with another %s does not come out the same',
  async (_what, change, differs) => {
    const h = await one();
    const [entry] = await h.entries({ type: 'decision' });
    const seq = entry?.seq ?? -1;
    const before = linesOf(
      await sallyport({ SALLYPORT_DATA: `${h.root}/data` }, 'replay', String(seq), '--json'),
    );
    expect(before).toMatchObject([{ outcome: 'same' }]);
    let saved = '';
    forge(h, seq, (e) => {
      saved = JSON.stringify(e);
      change(e);
    });
    const ran = await sallyport({ SALLYPORT_DATA: `${h.root}/data` }, 'replay', String(seq), '--json');
    forge(h, seq, (e) => {
      for (const field of Object.keys(e)) delete e[field];
      Object.assign(e, JSON.parse(saved));
    });
    expect(ran.code).toBe(1);
    const [line] = linesOf(ran);
    expect(line.outcome).not.toBe('same');
    expect([...line.differences.map(({ what }: { what: string }) => what), ...line.undecided]).toContainEqual(
      expect.stringMatching(differs),
    );
  },
);

let shared: Promise<TestHouse> | undefined;
/** One house for all that forge its one entry. */
function one(): Promise<TestHouse> {
  shared ??= (async () => {
    const h = await startHouse({
      policy:
        'profile: default\nrequirements: { npm: { age: 7d, install-scripts: deny } }\nallow: [{ npm: demo }]\n',
    });
    h.registry.addNpm('demo', {
      '1.0.0': {
        manifest: { license: 'MIT', bundleDependencies: ['in'] },
        files: { 'node_modules/in/package.json': '{"name":"in","version":"1.0.0"}' },
      },
    });
    await h.ask(tarballPath('demo', '1.0.0'));
    return h;
  })();
  return shared;
}
afterAll(async () => (await shared)?.remove());

test('an entry that is not what its leaf hash says is not the same', async () => {
  const h = await one();
  const [entry] = await h.entries({ type: 'decision' });
  const db = new Database(join(h.root, 'data', 'ledger', 'ledger.db'));
  onTestFinished(() => void db.close());
  const before = db.prepare('SELECT bytes FROM entry WHERE seq = ?').pluck().get(entry?.seq);
  db.prepare('UPDATE entry SET bytes = ? WHERE seq = ?').run(
    String(before).replace('"client":"', '"client":"x'),
    entry?.seq,
  );
  const ran = await sallyport({ SALLYPORT_DATA: `${h.root}/data` }, 'replay', String(entry?.seq), '--json');
  db.prepare('UPDATE entry SET bytes = ? WHERE seq = ?').run(before, entry?.seq);
  expect(ran.code).toBe(1);
  expect(linesOf(ran)[0].differences).toEqual([expect.objectContaining({ what: 'leaf hash of the entry' })]);
});

test('bytes in the vault that are others are noticed; without them the decision alone is made again', async () => {
  const h = await one();
  const [entry] = await h.entries({ type: 'decision' });
  const path = new Layout(join(h.root, 'data', 'vault')).file('cas', entry?.['sha256']);
  const bytes = await readFile(path);
  const again = async () =>
    linesOf(await sallyport({ SALLYPORT_DATA: `${h.root}/data` }, 'replay', String(entry?.seq), '--json'))[0];
  await chmod(path, 0o600);
  await writeFile(path, Buffer.concat([bytes, bytes]));
  expect((await again()).differences.map(({ what }: { what: string }) => what)).toEqual([
    'sha256 of the bytes',
    'sha512 of the bytes',
    'size of the bytes',
  ]);
  await rm(path);
  expect(await again()).toMatchObject({
    outcome: 'same',
    notes: [expect.stringMatching(/not in the vault/)],
  });
  await writeFile(path, bytes);
  expect(await again()).toMatchObject({ outcome: 'same', notes: [] });
});

test('a kept policy that is damaged or gone decides nothing', async () => {
  const h = await one();
  const [entry] = await h.entries({ type: 'decision' });
  const path = join(h.root, 'data', 'policies', `${String(entry?.['policy']).slice(7)}.json.gz`);
  const bytes = await readFile(path);
  const env = { SALLYPORT_DATA: `${h.root}/data` };
  await writeFile(path, bytes.subarray(0, 30));
  const damaged = await sallyport(env, 'replay', String(entry?.seq));
  expect(damaged.code).toBe(1);
  expect(damaged.stdout).toMatch(/kept as the policy sha256:\w+ is damaged[\s\S]*\nnot decided again\n$/);
  await rm(path);
  expect((await sallyport(env, 'replay', String(entry?.seq))).stdout).toMatch(/is not kept here/);
  await writeFile(path, bytes);
  const same = await sallyport(env, 'replay', String(entry?.seq));
  expect(same.code).toBe(0);
  expect(same.stdout).toMatch(
    /^entry \d+: allow artifact npm demo@1\.0\.0 demo-1\.0\.0\.tgz\n[\s\S]*\nthe same\n$/,
  );
});

test('what is no decision, no entry or no number says so', async () => {
  const h = await one();
  const env = { SALLYPORT_DATA: `${h.root}/data` };
  const [start] = await h.entries({ type: 'start' });
  const ran = await sallyport(env, 'replay', String(start?.leaf));
  expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/it is no decision/) });
  expect(await sallyport(env, 'replay', '999999')).toMatchObject({ code: 1 });
  expect(await sallyport(env, 'replay', '../x')).toMatchObject({ code: 2 });
  expect(await sallyport({ SALLYPORT_DATA: '/nowhere' }, 'replay', '1')).toMatchObject({ code: 3 });
});

test.each(['enforce', 'observe'])(
  'a name beyond the budget of new ones, and one that no upstream knows, in mode %s',
  async (mode) => {
    const rules = mode === 'observe' ? 'mode: observe\nuntil: 2027-01-01\n' : 'allow: [{ npm: "pre-*" }]\n';
    const h = await startHouse({
      policy: `profile: default\n${rules}`,
      env: { SALLYPORT_PREFIX_BUDGET: '1' },
    });
    onTestFinished(() => h.remove());
    await h.ask('/npm/pre-unknown');
    await h.ask('/npm/pre-beyond');
    await h.ask(tarballPath('pre-beyond', '1.0.0'));
    const refused = await h.ask('/npm/pre-again');
    const replayed = await replayAll(h);
    expect(replayed).toHaveLength(4);
    for (const { line } of replayed)
      expect(line).toMatchObject({
        outcome: 'undecided',
        undecided: [expect.stringMatching(/let its name pass/)],
      });
    // Its agent learns of none of this: it would tell such a name from an internal one.
    const why = (await h.ask(`/-/why/${refused.headers['x-sallyport-entry']}`)).json;
    for (const field of ['place', 'by', 'observed']) expect(why.entry).not.toHaveProperty(field);
  },
);
