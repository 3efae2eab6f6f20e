import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ENTRY_TYPES } from '../../src/ledger/canonical.ts';
import {
  alarmEntry,
  feedEntry,
  forgottenEntry,
  policyEntry,
  pseudonymKeyEntry,
  reindexedEntry,
  startEntry,
  tallyEntry,
  trustEntry,
} from '../../src/ledger/entry.ts';
import { ADMIN_ACTS, ALARMS, STOPS } from '../../src/ledger/entry-codes.ts';
import { decisionEntry, refusalSumEntry } from '../../src/ledger/entry-decision.ts';
import { keyRotatedEntry, logEntry, withdrawnEntry } from '../../src/ledger/published/log-entry.ts';
import { startEvidenceHouse } from '../admission/evidence-house.ts';
import { DAY, tarballPath } from '../admission/harness.ts';
import { decision, outcome, proven, sha256, sha512, signer } from './fixtures/drafts.ts';

/** Fields by type, as the document has them: `a.b`, `a[]`, `a.*`. */
async function documented(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const text = await readFile(new URL('../../src/ledger/ENTRIES.md', import.meta.url), 'utf8');
  const fields = new Map<string, Set<string>>();
  let types: string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^## (.+)$/.exec(line)?.[1];
    if (heading !== undefined) types = heading.split(', ');
    for (const type of types) if (!fields.has(type)) fields.set(type, new Set());
    const [, first] = /^\| (`.+?) \| /.exec(line) ?? [];
    for (const [, field] of first?.matchAll(/`([^`]+)`/g) ?? [])
      for (const type of types) fields.get(type)?.add(field ?? '');
  }
  return fields;
}

/** Every leaf of a value by its path. */
function pathsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => pathsOf(one, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, one]) => pathsOf(one, path === '' ? key : `${path}.${key}`));
}

async function undocumented(entries: readonly object[]): Promise<string[]> {
  const fields = await documented();
  const common = fields.get('every entry') ?? new Set();
  const missing = entries.flatMap((entry) => {
    const type = 'type' in entry ? String(entry.type) : '';
    const own = fields.get(type) ?? new Set();
    const known = (path: string) =>
      common.has(path) || own.has(path) || own.has(path.replace(/\.[^.]*$/, '.*'));
    return pathsOf(entry).flatMap((path) => (known(path) ? [] : [`${type} ${path}`]));
  });
  return [...new Set(missing)];
}

test('the document has every type of entry', async () => {
  const fields = await documented();
  for (const type of ENTRY_TYPES) expect([...fields.keys()]).toContain(type);
});

test('what real requests leave in the ledger is documented, field by field', async () => {
  const policy = (more: string) =>
    `profile: default
requirements: { npm: { registry-signature: required, provenance: no-downgrade, install-scripts: deny } }
allow: [{ npm: "good" }, { npm: "bare" }, { npm: "scripted" }, { npm: "young", requirements: { npm: {} } }]
deny: [{ npm: denied, reason: bad }]
${more}`.replace(', requirements: { npm: {} }', ', requirements: { age: 7d }');
  const h = await startEvidenceHouse({ policy: policy(''), env: { SALLYPORT_PSEUDONYMS: 'true' } });
  onTestFinished(() => h.remove());
  await h.add('good', '1.0.0');
  await h.add('good', '1.1.0', { provenance: null });
  await h.add('bare', '1.0.0', { signed: false, provenance: null });
  await h.add('young', '1.0.0', { time: new Date(h.clock.now() - DAY).toISOString() });
  h.registry.addNpm('scripted', {
    '1.0.0': {
      manifest: { license: 'MIT', scripts: { install: 'x' } },
      files: {
        'node_modules/in/package.json': '{"name":"in","version":"1.0.0"}',
        'node_modules/x/package.json': '{}',
      },
    },
  });
  const all = ['good', 'bare', 'young', 'scripted', 'denied', 'unlisted'];
  for (const name of all) await h.ask(tarballPath(name, '1.0.0'));
  await h.ask(tarballPath('good', '1.1.0'));
  await h.ask('/npm/..%2f..');
  for (const name of all) await h.ask(`/npm/${name}`);
  await h.setPolicy('profile: default\nallow: [');
  await h.setPolicy(policy('mode: observe\nuntil: 2027-01-01\n'));
  for (const name of all) await h.ask(tarballPath(name, '1.0.0'));
  await Promise.all(Array.from({ length: 1_050 }, () => h.ask('/npm/denied')));
  await h.restart();
  const entries = (await h.entries({ limit: 100_000 })).map(({ seq: _seq, leaf: _leaf, ...entry }) => entry);
  expect(await undocumented(entries)).toEqual([]);
  const seen = new Set(entries.map((entry) => entry['type']));
  for (const type of ['decision', 'served', 'policy', 'admin', 'start', 'stop']) expect(seen).toContain(type);
  const paths = new Set(entries.flatMap((entry) => pathsOf(entry)));
  for (const path of [
    'checks[].signers[].issuer',
    'bundled[]',
    'bundledUnnamed',
    'observed[].code',
    'refusals',
  ])
    expect(paths).toContain(path);
}, 180_000);

const stamp = { id: 'r', time: 1 };
const reason = {
  code: 'PROVENANCE_SIGNER',
  place: 'default.yaml:1',
  about: ['x'],
  detail: { check: 'provenance', cause: 'issuer', field: 'issuer', expected: 'a', found: 'b' },
} as const;
const full = signer({ environment: 'e', builder: 'b' });
const verdict = proven({ signers: [full], code: 'PROVENANCE_SIGNER', cause: 'key-retired' });
const kinds = { 'registry-signature': true, provenance: true };
const row = { number: 2, origin: 'x/2', vkey: 'k', base: 10, opened: 1, minimum: 0 };

const allowed = {
  ...stamp,
  agent: 'ana',
  profile: 'default',
  mode: 'enforce',
  route: 'artifact',
  method: 'GET',
  verdict: 'allow',
  reasons: [],
  policy: sha256('p'),
  engine: '4',
} as const;

/** An entry of every shape with every field that its writer can give. */
const drafts = [
  decisionEntry({
    ...stamp,
    agent: 'ana',
    profile: 'default',
    mode: 'enforce',
    client: 'npm',
    route: 'artifact',
    method: 'GET',
    ecosystem: 'npm',
    name: 'x',
    version: '1.0.0',
    file: 'x-1.0.0.tgz',
    purl: 'pkg:npm/x@1.0.0',
    path: { length: 1, sha256: 'ab' },
    size: 1,
    digests: { sha256: sha256('x'), sha512: sha512('x') },
    verdict: 'refuse',
    bundled: { packages: Array.from({ length: 2_000 }, (_, i) => `package-${i}@1.0.0`), unnamed: 1 },
    reasons: [reason],
    observed: [reason],
    warnings: [reason],
    waived: [{ code: 'SDIST', place: 'default.yaml:2' }],
    place: 'default.yaml:3',
    by: 'exact',
    checks: [verdict],
    policy: sha256('p'),
    engine: '4',
    nearestAllowed: '0.9.0',
    eligibleAt: 2,
    facts: {
      index: sha256('i'),
      quarantined: true,
      firstSeen: 1,
      lastAbsent: 1,
      claimedAt: 1,
      first: { sha256: sha256('x'), sha512: sha512('x') },
      findings: [{ code: 'INSTALL_SCRIPT', place: 'package.json' }],
      kind: 'npm-tarball',
      declared: [sha512('x')],
      declaredSize: 1,
      metadataDigest: sha256('m'),
      yanked: true,
      installScripts: true,
      directUrls: true,
      aliases: ['real'],
      evidenceListed: { signed: true, attestations: '' },
      trust: sha256('t'),
      claimed: kinds,
      carried: kinds,
      held: kinds,
      baseline: { ...kinds, signer: full },
      evidence: outcome('x', { verdicts: [verdict] }),
      licenceListed: 'MIT',
      licence: 'MIT',
      places: { places: ['yaml'], cut: true },
      taken: { taken: [{ place: 'yaml', by: 'pyyaml' }], more: true },
      above: { line: '1.0.1', any: '2.0.0' },
      change: {
        before: { version: '1.0.0', runs: true, kinds: ['sdist', 'wheel'] },
        dependencies: [{ name: 'a', born: 1 }],
      },
      feed: { digest: sha256('f'), at: 1, staleAt: 2 },
      advisories: [{ id: 'GHSA-1', kind: 'vulnerability', severity: 'high' }],
    },
  }),
  decisionEntry({
    ...allowed,
    facts: { change: { before: { version: '1.0.0', runs: false, kinds: [] }, dependencies: null } },
  }),
  decisionEntry({ ...allowed, checks: Array.from({ length: 200 }, () => proven()) }),
  refusalSumEntry({
    ...stamp,
    agent: 'ana',
    since: 1,
    counts: new Map([['DENIED', 3]]),
    policy: sha256('p'),
    engine: '4',
  }),
  policyEntry({ ...stamp, outcome: 'rejected', policy: sha256('p'), previous: sha256('q'), problems: 1 }),
  trustEntry({ ...stamp, trust: sha256('t'), previous: sha256('u') }),
  feedEntry({ ...stamp, feed: sha256('f'), previous: sha256('g') }),
  reindexedEntry({ ...stamp, entries: 5 }),
  startEntry({
    ...stamp,
    release: '1',
    engine: '4',
    policy: sha256('p'),
    trust: sha256('t'),
    feed: sha256('f'),
    config: sha256('c'),
  }),
  keyRotatedEntry({ ...stamp, log: 2, origin: 'x/2', vkey: 'k' }),
  withdrawnEntry({ ...stamp, log: 1, below: 5, policy: sha256('r'), entries: 5 }),
  pseudonymKeyEntry({ ...stamp, tenant: 'acme', key: sha256('k') }),
  forgottenEntry({ ...stamp, tenant: 'acme' }),
  tallyEntry({
    ...stamp,
    since: 1,
    answers: { allow: 1, refuse: 1, summed: 1 },
    files: { served: 1, aborted: 1, bytes: 1 },
    unwritten: 1,
  }),
  alarmEntry({
    ...stamp,
    code: 'malware',
    agent: 'a',
    ecosystem: 'npm',
    name: 'x',
    version: '1',
    file: 'f',
    source: 'npm',
    expected: 'a',
    found: 'b',
    place: 'p',
    lifts: 'l',
    expires: 1,
    tenant: 't',
  }),
  logEntry({
    ...stamp,
    row,
    reason: 'rollback',
    previous: { log: 1, origin: 'x/1', vkey: 'k', size: 1, root: 'ab', signed: 1 },
    known: { size: 2, root: 'cd', from: 'witness' },
  }),
];

test('what the writers of entries can give is documented, and nothing is that no writer gives', async () => {
  expect(await undocumented(drafts)).toEqual([]);
  const given = new Set(drafts.flatMap((draft) => pathsOf(draft)));
  const fields = await documented();
  for (const type of ['decision', 'policy', 'admin', 'start', 'tally', 'alarm', 'log'])
    for (const field of fields.get(type) ?? []) {
      // Of stops alone.
      if (type === 'tally' && field === 'code') continue;
      const any = field.endsWith('.*');
      expect(
        [...given].some((path) => (any ? path.startsWith(field.slice(0, -1)) : path === field)),
        field,
      ).toBe(true);
    }
  expect(await undocumented([{ ...decision(), more: 'x' }])).toContain('decision more');
});

test('each code of alarms, acts and stops is documented in its own words, and no other', async () => {
  const text = await readFile(new URL('../../src/ledger/ENTRIES.md', import.meta.url), 'utf8');
  for (const [heading, codes] of [
    ['codes of alarms', ALARMS],
    ['codes of admin acts', ADMIN_ACTS],
    ['codes of stops', STOPS],
  ] as const) {
    const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
    const rows = [...section.matchAll(/^\| `(.+?)` \| (.+) \|$/gm)].map(([, code, what]) => [code, what]);
    expect(rows, heading).toEqual(Object.entries(codes));
  }
});
