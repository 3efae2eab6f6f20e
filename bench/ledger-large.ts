import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENTRY_VERSION, entryBytes, leafHash } from '../src/ledger/canonical.ts';
import { servedEntry } from '../src/ledger/entry.ts';
import { decisionEntry } from '../src/ledger/entry-decision.ts';
import type { EntryDraft, EntryFilter, LedgerReader, StatsKey } from '../src/ledger/ledger.ts';
import { openLedger, openLedgerReader } from '../src/ledger/open.ts';
import { openForWriting } from '../src/ledger/sqlite/database.ts';
import { writesTo } from '../src/ledger/sqlite/writes.ts';
import { type Digest, sha256 } from '../src/model/digest.ts';
import { round, table } from './table.ts';

// A large ledger of entries as an installation has them, written by the writer's own statements; then the auditors'
// questions: the first page, the next one by cursor, and counts; then its log: published, and verified.
//   node bench/ledger-large.ts [ENTRIES=10000000] [FOLDER]
// With FOLDER the ledger is left there, or asked if it is there already.

const COUNT = Number(process.argv[2] ?? 10_000_000);
/** Entries of one commit: far more than the writer's 1,024, or most of a run is the disk's time for pages that come again. */
const BATCH = 65_536;
const [PACKAGES, VERSIONS, AGENTS, POLICIES] = [2000, 20, 500, 30] as const;
const BEGAN = Date.UTC(2026, 0, 1);
/** The entries are spread over a year. */
const STEP = (365 * 86_400_000) / COUNT;

/** Numbers that look like chance, the same in each run. */
let state = 1;
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}
/** Small numbers are the most frequent, as of packages: the first of 2,000 gets about one in ten. */
const popular = (n: number) => Math.floor(n ** chance()) - 1;
const digests = new Map<string, { sha256: Digest; sha512: Digest }>();
function digestsOf(name: string): { sha256: Digest; sha512: Digest } {
  const known = digests.get(name);
  if (known) return known;
  const hex = sha256(name).slice(7);
  const made = { sha256: `sha256:${hex}`, sha512: `sha512:${hex}${hex}` } as const;
  digests.set(name, made);
  return made;
}
const policies = Array.from({ length: POLICIES }, (_, i) => sha256(`policy ${i}`));

/** The next entries: a decision, and what became of what it admits. */
function* drafts(): Generator<EntryDraft> {
  for (let i = 0; ; ) {
    const time = BEGAN + Math.floor(i * STEP);
    const id = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
    const number = popular(PACKAGES);
    const name = number % 10 === 0 ? `@scope-${number % 7}/pkg-${number}` : `pkg-${number}`;
    const version = `${popular(VERSIONS)}.1.0`;
    const file = `pkg-${number}-${version}.tgz`;
    const era = Math.min(POLICIES - 1, Math.floor((i / COUNT) * POLICIES));
    const roll = chance();
    const common = {
      id,
      time,
      agent: `agent-${Math.floor(chance() * AGENTS)}`,
      profile: `team-${number % 5}`,
      mode: 'enforce',
      client: 'npm/11.0.0 node/v24.0.0 linux x64',
      method: 'GET',
      ecosystem: 'npm',
      name,
      policy: policies[era] ?? sha256(''),
      engine: '1',
    };
    if (roll < 0.15) {
      const code =
        (['NOT_ALLOWLISTED', 'TOO_YOUNG', 'DENIED'] as const)[Math.floor(chance() * 3)] ?? 'DENIED';
      const reasons = [
        { code, place: code === 'NOT_ALLOWLISTED' ? null : `team-${number % 5}.yaml:${number}` },
      ];
      yield decisionEntry({ ...common, route: 'index', version, verdict: 'refuse', reasons });
      i++;
      continue;
    }
    const own = digestsOf(`${name}@${version}`);
    const waived = roll > 0.999 ? [{ code: 'TOO_YOUNG' as const, place: `waivers.yaml:${number % 40}` }] : [];
    const draft = decisionEntry({
      ...common,
      route: 'artifact',
      version,
      file,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      size: 10_000 + number,
      digests: own,
      verdict: 'allow',
      reasons: [],
      waived,
      place: `team-${number % 5}.yaml:${number}`,
      by: 'exact',
      checks: [
        { check: 'declared-digest', result: 'verified' },
        { check: 'archive', result: 'verified' },
        ...(number % 3 === 0
          ? [
              {
                check: 'provenance' as const,
                result: 'verified' as const,
                signers: [],
                documents: [own.sha256],
              },
            ]
          : []),
      ],
      facts: { index: own.sha256, firstSeen: time, claimedAt: time, declared: [own.sha512] },
    });
    yield number % 50 === 1 ? { ...draft, bundled: ['pkg-7@3.1.0', `pkg-${number + 1}@1.1.0`] } : draft;
    if (++i >= COUNT) continue;
    yield servedEntry({ id, time: time + 5, decision: i - 1, served: true, bytes: 10_000 });
    i++;
  }
}

/** RFC 8785 of plain ASCII data, without its checks: preparing entries is not what is measured. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields).sort();
  return `{${keys.map((key) => `"${key}":${sorted(fields[key])}`).join(',')}}`;
}

/** Writes them by the writer's statements: many in a commit, synced, totals behind. */
function build(path: string): void {
  const db = openForWriting(path);
  db.pragma('cache_size = -2000000');
  const writes = writesTo(db);
  const source = drafts();
  const commit = db.transaction((size: number) => {
    for (let i = 0; i < size; i++) {
      const draft = source.next().value as EntryDraft;
      const bytes = sorted({ ...draft, v: ENTRY_VERSION });
      if (total++ % 1000 === 0 && bytes !== entryBytes(draft))
        throw new Error('the fast way writes other bytes');
      writes.calls.append({ bytes, leaf: leafHash(bytes) }, null, null);
    }
  });
  const sum = db.transaction(() => {
    while (writes.isToSum()) writes.sum();
  });
  const began = performance.now();
  let total = 0;
  const rows: string[][] = [];
  for (let made = 0; made < COUNT; made += BATCH) {
    commit.immediate(Math.min(BATCH, COUNT - made));
    sum.immediate();
    const tenth = Math.floor((made * 5) / COUNT) !== Math.floor(((made + BATCH) * 5) / COUNT);
    if (tenth || made + BATCH >= COUNT) {
      const now = performance.now();
      const done = Math.min(COUNT, made + BATCH);
      rows.push([round(done), round((now - began) / 1000), round(done / ((now - began) / 1000))]);
    }
  }
  db.close();
  table([`entries, ${BATCH} in a commit`, 'seconds', 'per second'], rows);
}

async function sizeOf(dir: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

const rows: string[][] = [];

async function timed<T>(work: () => Promise<T>): Promise<[value: T, ms: number]> {
  const began = performance.now();
  const value = await work();
  return [value, performance.now() - began];
}

async function pageOf(reader: LedgerReader, filter: EntryFilter): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of reader.query({ ...filter, limit: 100 })) seqs.push(seq);
  return seqs;
}

async function ask(reader: LedgerReader, what: string, filter: EntryFilter, by: StatsKey): Promise<void> {
  const [first, firstMs] = await timed(() => pageOf(reader, filter));
  const [, nextMs] = await timed(() => pageOf(reader, { ...filter, after: first.at(-1) ?? -1 }));
  const [newest, newestMs] = await timed(() => pageOf(reader, { ...filter, reverse: true }));
  const [groups, statsMs] = await timed(() => reader.stats(filter, by, 1_000_000));
  const entries = groups.reduce((sum, group) => sum + group.entries, 0);
  if (first.length !== newest.length) throw new Error(`${what} finds ${first.length} and ${newest.length}`);
  rows.push([
    what,
    round(firstMs),
    round(nextMs),
    round(newestMs),
    `${by} ${round(statsMs)}`,
    round(entries),
    round(groups.length),
  ]);
}

const given = process.argv[3];
const dir = given ?? (await mkdtemp(join(tmpdir(), 'bench-ledger-large-')));
try {
  const path = join(dir, 'ledger', 'ledger.db');
  const isThere = await stat(path).catch(() => null);
  if (!isThere) {
    await (await openLedger({ dir })).close();
    build(path);
  }
  console.log(
    `\ndisk: ${round((await sizeOf(join(dir, 'ledger'))) / COUNT)} bytes an entry, ${round(
      (await sizeOf(join(dir, 'ledger'))) / 2 ** 20,
    )} MiB\n`,
  );

  const [reader, opened] = await timed(() => openLedgerReader({ dir }));
  const [[leaf]] = await timed(async () => {
    const leaves: string[] = [];
    for await (const entry of reader.query({ after: Math.floor(COUNT / 3), limit: 1 }))
      leaves.push(entry.leaf);
    return leaves;
  });
  const [, firstQuery] = await timed(() => pageOf(reader, { reverse: true }));
  const middle = BEGAN + 180 * 86_400_000;
  const week = { since: middle, until: middle + 7 * 86_400_000 };
  const policy = policies[12] ?? '';
  const bad = digestsOf('pkg-99@0.1.0');
  const some = ['0.1.0', '3.1.0', '7.1.0'];
  const questions: readonly [string, EntryFilter, StatsKey][] = [
    ['everything', {}, 'agent'],
    ['everything, by artifact', {}, 'artifact'],
    ['everything, by code', {}, 'code'],
    ['one entry by leaf hash', { leaf: leaf ?? '' }, 'type'],
    ['who installed the most popular package', { package: 'pkg-1', verdict: 'allow' }, 'agent'],
    ['… in three versions', { package: 'pkg-1', versions: some, verdict: 'allow' }, 'agent'],
    ['… in its rarest version', { package: 'pkg-1@19.1.0', verdict: 'allow' }, 'agent'],
    ['who installed a seldom package in three versions', { package: 'pkg-1501', versions: some }, 'agent'],
    ['who has a bundled one', { package: 'pkg-7@3.1.0', verdict: 'allow' }, 'artifact'],
    ['what did one agent install in a week', { agent: 'agent-77', verdict: 'allow', ...week }, 'version'],
    ['what did one agent ever do', { agent: 'agent-77' }, 'verdict'],
    ['what was entered in a week', week, 'type'],
    ['admitted under one policy of thirty', { policy, verdict: 'allow' }, 'artifact'],
    ['… by agent', { policy, verdict: 'allow' }, 'agent'],
    ['admitted by one waiver', { waiver: 'waivers.yaml:7' }, 'artifact'],
    ['admitted by any waiver', { waiver: '*' }, 'rule'],
    ['admitted without provenance', { provenance: 'absent' }, 'artifact'],
    ['… under one policy', { provenance: 'absent', policy }, 'package'],
    ['what a bad sha256 reached', { digest: bad.sha256 }, 'agent'],
    ['what a bad sha512 reached', { digest: bad.sha512 }, 'agent'],
    ['refused for one code', { code: 'DENIED' }, 'rule'],
    ['by one rule', { rule: 'team-2.yaml:17' }, 'agent'],
    ['every refusal', { verdict: 'refuse' }, 'package'],
    [
      'refused, of one agent, of one package',
      { verdict: 'refuse', agent: 'agent-77', package: 'pkg-1' },
      'code',
    ],
    ['nothing: a refusal with provenance', { verdict: 'refuse', provenance: 'verified' }, 'agent'],
    ['nothing: a policy before its time', { policy, until: BEGAN + 86_400_000 }, 'agent'],
    [
      'nothing: two broad ones that never meet',
      { route: 'index', rule: 'team-2.yaml:17', code: 'NOT_ALLOWLISTED' },
      'agent',
    ],
    ['nothing: an agent that never was', { agent: 'nobody' }, 'agent'],
  ];
  for (const [what, filter, by] of questions) await ask(reader, what, filter, by);
  table(['ms', 'first 100', 'next 100', 'newest 100', 'counts by', 'entries', 'groups'], rows);
  console.log(
    `\nopening to look: ${round(opened)} ms; the first query, which counts the index: ${round(firstQuery)} ms`,
  );
  console.log(`memory of this process: ${round(process.memoryUsage().rss / 2 ** 20)} MiB`);
  await reader.close();

  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  // `init` publishes what is not published yet.
  const [published, publishMs] = await timed(async () =>
    spawnSync(process.execPath, [main, 'init'], {
      encoding: 'utf8',
      env: { ...process.env, SALLYPORT_DATA: dir },
    }),
  );
  if (published.status !== 0) throw new Error(`not published: ${published.stderr}`);
  const disk = round((await sizeOf(join(dir, 'ledger'))) / COUNT);
  console.log(`\npublished in ${round(publishMs / 1000)} s; disk with the log: ${disk} bytes an entry`);
  const [verified, verifyMs] = await timed(async () =>
    spawnSync(process.execPath, [main, 'ledger', 'verify', '--data', dir], { encoding: 'utf8' }),
  );
  console.log(`ledger verify: exit code ${verified.status}, ${round(verifyMs / 1000)} s`);
  console.log((verified.stdout + verified.stderr).trim().slice(-2000));
  // The numbers of a log that was not looked at, or is not whole, are none.
  if (verified.status !== 0 || !verified.stderr.includes(`: ${COUNT} entries, root `))
    throw new Error('the log was not verified whole');
} finally {
  if (given === undefined) await rm(dir, { recursive: true, force: true });
}
