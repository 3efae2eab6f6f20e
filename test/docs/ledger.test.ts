import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REFUSAL_BUDGET } from '../../src/admission/refusal-log.ts';
import { loadConfig } from '../../src/config.ts';
import { createMetrics } from '../../src/gate/metrics.ts';
import { ENTRY_TYPES } from '../../src/ledger/canonical.ts';
import { ALARMS } from '../../src/ledger/entry-codes.ts';
import { parseLogPath } from '../../src/ledger/log/tiles.ts';
import { parseTlogPolicy } from '../../src/ledger/log/tlog-policy.ts';
import { ROW_FORMATS } from '../../src/ledger-commands/export-rows.ts';
import { testWitness } from '../ledger/log/witness-world.ts';
import { type LedgerPlace, startLedgerPlace } from './ledger-place.ts';
import { type Block, codesIn, type Page, readPage, tableOf } from './markdown.ts';

// docs/ledger.md: its transcripts are what a shell prints, its tables are those of the code, its files are read, and its
// commands for other tools are those that the full tier runs.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readPage('docs/ledger.md', readFileSync(join(ROOT, 'docs/ledger.md'), 'utf8'));
/** What is typed here; other sections have tests of their own. */
const TYPED = ['In ten minutes', 'Keys'];

function section(title: string): Page {
  const [, text] = new RegExp(`^## ${title}$([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(PAGE.text) ?? [];
  if (text === undefined) throw new Error(`there is no section ${title}`);
  return readPage(PAGE.file, text);
}

describe('the transcript', () => {
  let place: LedgerPlace;
  const blocks = TYPED.flatMap((title) => consoles(section(title)));
  beforeAll(async () => {
    place = await startLedgerPlace(section('In ten minutes'));
  }, 60_000);
  afterAll(() => place?.remove());

  test('is what a shell prints, one block after the other', { timeout: 600_000 }, async () => {
    expect(blocks.length).toBeGreaterThan(12);
    for (const block of blocks) expect(settled(await place.typed(block))).toBe(settled(`${block.text}\n`));
  });
});

function consoles({ blocks }: Page): Block[] {
  return blocks.filter(({ language }) => language === 'console');
}

/** Times, keys, digests, signatures and how long it took are of each run; everything else is not. */
function settled(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replace(/sha256:[0-9a-f]{64}/g, 'DIGEST')
    .replace(/\b[0-9a-f]{12}$/gm, 'LEAF')
    .replace(/root [0-9a-f]{64}/g, 'root ROOT')
    .replace(/(\/\d)\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}/g, '$1+ID+KEY')
    .replace(/^[A-Za-z0-9+/]{43}=$/gm, 'ROOT')
    .replace(/^(— \S+) [A-Za-z0-9+/=]{90,}$/gm, '$1 SIGNATURE')
    .replace(/in [\d.]+ s \(\d+ entries a second\)/g, 'in SECONDS');
}

describe('tables', () => {
  test('every type of an entry is listed', () => {
    const listed = tableOf(PAGE, 'type').flatMap(([cell = '']) => codesIn(cell));
    expect(listed.sort()).toEqual([...ENTRY_TYPES].sort());
  });

  test('every path of a log is one that is served', () => {
    const rows = tableOf(PAGE, 'path');
    const paths = rows.flatMap(([cell = '', what = '']) => [
      ...codesIn(cell),
      ...codesIn(what)
        .filter((code) => code.includes('.p/'))
        .map((code) => `tile/0/${code}`),
    ]);
    expect(paths.length).toBeGreaterThan(7);
    for (const path of paths)
      if (path !== 'cosigned' && path !== 'retention') expect(parseLogPath(path), path).not.toBeNull();
    const kinds = new Set(paths.map((path) => parseLogPath(path)?.kind ?? path));
    expect([...kinds].sort()).toEqual(['bundle', 'checkpoint', 'cosigned', 'retention', 'tile', 'vkey']);
  });

  test('alarms of the log are those of the code', () => {
    const said = tableOf(PAGE, 'what happens').flatMap(([, cell = '']) =>
      codesIn(cell).filter((code) => /^(witness|log|head)-/.test(code)),
    );
    const known = Object.keys(ALARMS);
    for (const code of said) expect(known).toContain(code);
    expect(new Set(said)).toEqual(
      new Set(['witness-unreachable', 'witness-refused', 'log-rolled-back', 'head-copy-failed']),
    );
  });
});

test('every format of an export is listed', () => {
  const listed = tableOf(PAGE, 'format').flatMap(([cell = '']) => codesIn(cell));
  expect(listed).toEqual([...ROW_FORMATS, 'cyclonedx', 'vsa']);
});

test('metrics that are named are metrics', async () => {
  const deployment = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8');
  const named = `${PAGE.text}${deployment}`.match(/sallyport_[a-z_]+/g) ?? [];
  expect(named.length).toBeGreaterThan(3);
  const rendered = await createMetrics({ processMetrics: false }).render();
  for (const name of named) expect(rendered).toContain(`# HELP ${name} `);
});

test('how many refusals have entries of their own', () => {
  expect(REFUSAL_BUDGET).toEqual({ own: 1_000, window: 3_600_000, sumEvery: 60_000 });
  expect(PAGE.text).toContain('up to 1,000 of an agent in an hour');
  expect(PAGE.text).toContain('at most one entry a minute');
});

test('the witness policy is read, and met by either witness', () => {
  const text = section('Witnesses and head copies').blocks.find(({ language }) => language === 'text')?.text;
  const filled = `${text}\n`.replace(
    /(\S+)\+[0-9a-f]{8}\+\S+…/g,
    (_, name: string) => testWitness(name).key.vkey,
  );
  expect(filled).not.toContain('…');
  const policy = parseTlogPolicy(filled);
  expect(policy.witnesses.map(({ url }) => url)).toEqual(['https://w1.example/', 'https://w2.example/']);
  expect(policy.met(new Set())).toBe(false);
  for (const { name } of policy.witnesses) expect(policy.met(new Set([name]))).toBe(true);
});

test('settings in running text are settings', () => {
  const config = loadConfig({}) as unknown as Record<string, unknown>;
  const optional = new Set(['ledgerOrigin', 'ledgerKey', 'headCopy', 'witnessPolicy', 'retentionPolicy']);
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  for (const key of [...optional, 'pseudonyms', 'retentionAfter']) {
    expect(readme, key).toContain(`\`${key}\``);
    expect(optional.has(key) || key in config, key).toBe(true);
    if (key !== 'ledgerOrigin') expect(PAGE.text, key).toContain(`\`${key}`);
  }
});

describe('for the auditor without our code', () => {
  const SECTION = section('For the auditor without our code');
  const verifiers = readFileSync(join(ROOT, 'test/full/ledger/verifiers.test.ts'), 'utf8');
  const building = readFileSync(join(ROOT, 'test/full/ledger/go.ts'), 'utf8');
  const shown = SECTION.blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);

  test('the commands are those of the full tier', () => {
    const text = shown.join('\n');
    const [, program = '', version = ''] = /FSCK = \['([^']+)', '([^']+)'\]/.exec(verifiers) ?? [];
    expect(text).toContain(`go install ${program}@${version}`);
    for (const flag of [
      '--ui=false',
      '--storage_url=',
      'file://',
      '--public_key=',
      '--N=4',
      "Successfully fsck'd",
    ]) {
      expect(verifiers, flag).toContain(flag);
      expect(text, flag).toContain(flag);
    }
    for (const setting of ["GOFLAGS: ''", "GOTOOLCHAIN: 'local'"]) expect(building).toContain(setting);
    expect(text.match(/GOFLAGS= GOTOOLCHAIN=local go /g)).toHaveLength(2);
    expect(existsSync(join(ROOT, 'test/full/ledger/go/verify/main.go'))).toBe(true);
  });
});

test('every test and bench that is named exists', () => {
  const named = [...PAGE.text.matchAll(/(?<![\w/])((?:test|bench)\/[\w./-]*\w)/g)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
