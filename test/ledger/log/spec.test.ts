import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ENTRY_TYPES, entryBytes, MAX_ENTRY_BYTES } from '../../../src/ledger/canonical.ts';
import { bundleBytes } from '../../../src/ledger/log/bundle.ts';
import { checkpointText } from '../../../src/ledger/log/checkpoint.ts';
import { CompactRange } from '../../../src/ledger/log/compact-range.ts';
import { type Hash, leafHashOf } from '../../../src/ledger/log/hash.ts';
import { consistencyProof, inclusionProof } from '../../../src/ledger/log/merkle-proof.ts';
import { tileBytes } from '../../../src/ledger/log/tiles.ts';

const SOURCE = join(import.meta.dirname, '../../../src/ledger');
const SPEC = readFileSync(join(SOURCE, 'log/SPEC.md'), 'utf8');

const blocks = [...SPEC.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
const [entries, leaves, roots, checkpoint] = blocks.map((block) => block.split('\n').slice(0, -1));

test('the example is what the code makes of it', async () => {
  if (!entries || !leaves || !roots || !checkpoint) throw new Error('the example is gone');
  const hashes = entries.map((entry) => leafHashOf(Buffer.from(entry)));
  expect(hashes.map((hash) => hash.toString('hex'))).toEqual(leaves);
  const range = new CompactRange();
  const grown = hashes.map((hash) => {
    range.append(hash);
    return range.root().toString('hex');
  });
  expect(grown).toEqual(roots);
  for (const entry of entries) {
    const { v, ...draft } = JSON.parse(entry);
    expect(v).toBe(1);
    expect(entryBytes(draft)).toBe(entry);
  }
  expect(SPEC).toContain(`the three leaf hashes, ${tileBytes(hashes).length} bytes`);
  const bundle = bundleBytes(entries.map((entry) => Buffer.from(entry)));
  expect(SPEC).toContain(`has ${bundle.length} bytes and begins with \`${bundle.toString('hex', 0, 4)}\``);
  const [first, , third] = hashes;
  const read = async (level: number, index: number): Promise<Hash> => {
    const hash = hashes[index];
    if (level !== 0 || hash === undefined) throw new Error('no leaf');
    return hash;
  };
  expect(await inclusionProof(1, 3, read)).toEqual([first, third]);
  expect(await consistencyProof(2, 3, read)).toEqual([third]);
  const head = { origin: 'example.com/ledger/1', size: 3, root: range.root(), extensions: [] };
  expect(checkpointText(head)).toBe(`${checkpoint.join('\n')}\n`);
});

test('every type of entry is described', () => {
  expect([...ENTRY_TYPES].filter((type) => !SPEC.includes(`\`${type}\``))).toEqual([]);
  expect(SPEC).toContain(`At most ${MAX_ENTRY_BYTES.toLocaleString('en')} bytes`);
});

test('every field that an entry is given is named', () => {
  const files = ['entry.ts', 'entry-decision.ts', 'published/log-entry.ts'];
  const given = files.flatMap((file) => {
    const text = readFileSync(join(SOURCE, file), 'utf8');
    return [...text.matchAll(/^ {2}readonly ([a-z][A-Za-z0-9]*)\??:/gm)].map(([, field = '']) => field);
  });
  // `digests` are written as sha256 and sha512, `row`, `change` and `taken` as their own fields; `details` and `verdicts` are under
  // reasons and checks.
  const others = new Set(['digests', 'row', 'change', 'taken', 'details', 'verdicts']);
  expect(given.filter((field) => !others.has(field) && !SPEC.includes(`\`${field}\``))).toEqual([]);
  expect(given.length).toBeGreaterThan(80);
});
