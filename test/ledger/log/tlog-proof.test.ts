import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { OpenCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { generateKey, noteBytes, verifierKey } from '../../../src/ledger/log/note.ts';
import { parseTlogPolicy } from '../../../src/ledger/log/tlog-policy.ts';
import {
  parseTlogProof,
  proveEntry,
  tlogProofText,
  verifyTlogProof,
} from '../../../src/ledger/log/tlog-proof.ts';
import { memoryLog } from './memory-log.ts';
import { entryOf } from './naive.ts';
import { testWitness } from './witness-world.ts';

let log: ReturnType<typeof memoryLog>;
let head: OpenCheckpoint;
beforeAll(() => {
  log = memoryLog();
  head = log.publish(700);
});

test('the proof of every kind of place stands alone', async () => {
  for (const index of [0, 1, 255, 256, 511, 512, 698, 699]) {
    const text = tlogProofText(await proveEntry(log, head, index));
    expect(text).toMatch(
      /^c2sp\.org\/tlog-proof@v1\nextra [A-Za-z0-9+/=]+\nindex \d+\n([A-Za-z0-9+/]{43}=\n)+\n/,
    );
    expect(text.endsWith(`\n\n${noteBytes(head.note)}`)).toBe(true);
    const proven = verifyTlogProof(parseTlogProof(text), log.key);
    expect(proven.entry).toEqual(entryOf(index));
    expect(proven.index).toBe(index);
    expect(proven.checkpoint).toEqual({
      origin: 'example.com/log/1',
      size: 700,
      root: head.root,
      extensions: [],
    });
    expect(proven.cosigned).toEqual({ witnesses: [], met: false });
  }
});

test('a log of one entry has a proof without hashes', async () => {
  const one = memoryLog();
  const text = tlogProofText(await proveEntry(one, one.publish(1), 0));
  expect(parseTlogProof(text).hashes).toEqual([]);
  expect(verifyTlogProof(parseTlogProof(text), one.key).entry).toEqual(entryOf(0));
});

test('a proof without extra data is written and read, and shows no entry', async () => {
  const proof = { ...(await proveEntry(log, head, 3)), extra: null };
  const text = tlogProofText(proof);
  expect(text).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 3\n/);
  expect(parseTlogProof(text)).toEqual(proof);
  expect(() => verifyTlogProof(proof, log.key)).toThrow(LogError);
});

test('a proof with any byte changed is refused, or another spelling of nothing', async () => {
  const text = tlogProofText(await proveEntry(log, head, 300));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => verifyTlogProof(parseTlogProof(changed.toString('latin1')), log.key)).toThrow(LogError);
    expect(() => verifyTlogProof(parseTlogProof(changed.toString()), log.key)).toThrow(LogError);
  }
});

test('a proof of another entry, place, head or log is refused', async () => {
  const proof = await proveEntry(log, head, 300);
  const refused = (wrong: Partial<typeof proof>) =>
    expect(() => verifyTlogProof({ ...proof, ...wrong }, log.key)).toThrow(LogError);
  refused({ extra: entryOf(301) });
  refused({ extra: Buffer.alloc(0) });
  refused({ index: 301 });
  refused({ index: 700 });
  refused({ index: 2 ** 53 });
  refused({ hashes: [] });
  refused({ hashes: proof.hashes.slice(1) });
  refused({ hashes: [...proof.hashes, ...proof.hashes.slice(0, 1)] });
  const other = memoryLog();
  refused({ checkpoint: noteBytes(other.publish(700).note) });
  refused({ checkpoint: noteBytes({ ...head.note, signatures: [] }) });
  expect(() => verifyTlogProof(proof, verifierKey(generateKey('example.com/log/1').vkey))).toThrow(LogError);
});

test('what the files say is not proven where the head says otherwise', async () => {
  const path = 'tile/entries/001';
  const bundle = Buffer.from(log.files.get(path) ?? '');
  const at = bundle.indexOf('300');
  bundle[at] = 0x34;
  const forged = { read: async (name: string) => (name === path ? bundle : log.read(name)) };
  await expect(proveEntry(forged, head, 300)).rejects.toThrow(LogError);
  await expect(proveEntry(forged, head, 299)).resolves.toBeTruthy();
  await expect(proveEntry(log, head, 700)).rejects.toThrow(LogError);
  await expect(proveEntry(log, { ...head, root: Buffer.alloc(32) }, 1)).rejects.toThrow(LogError);
});

test('a proof of an older head is made from the log of now', async () => {
  const grown = memoryLog();
  const old = grown.publish(300);
  grown.publish(700);
  grown.files.delete('tile/0/001.p/44');
  grown.files.delete('tile/entries/001.p/44');
  const proof = await proveEntry(grown, old, 299);
  expect(verifyTlogProof(proof, grown.key).checkpoint.size).toBe(300);
});

test('a policy says whose cosignatures count, and which logs', async () => {
  const [a, b] = [testWitness('a.example'), testWitness('b.example')];
  const proof = await proveEntry(log, head, 1);
  const cosigned = `${proof.checkpoint}${a.cosign(head.note.text, 77).line}\n`;
  const policy = `witness a ${a.key.vkey}\nwitness b ${b.key.vkey}\n`;
  const one = parseTlogPolicy(`${policy}group g any a b\nquorum g\n`);
  const two = parseTlogPolicy(`${policy}group g all a b\nquorum g\n`);
  const witnesses = [{ name: 'a', time: 77 }];
  expect(verifyTlogProof(proof, log.key, one).cosigned).toEqual({ witnesses: [], met: false });
  const better = { ...proof, checkpoint: cosigned };
  expect(verifyTlogProof(better, log.key, one).cosigned).toEqual({ witnesses, met: true });
  expect(verifyTlogProof(better, log.key, two).cosigned).toEqual({ witnesses, met: false });
  const ours = parseTlogPolicy(`log ${log.key.vkey}\nquorum none\n`);
  expect(verifyTlogProof(proof, log.key, ours).cosigned).toEqual({ witnesses: [], met: true });
  const others = parseTlogPolicy(`log ${generateKey('other.example').vkey}\nquorum none\n`);
  expect(() => verifyTlogProof(proof, log.key, others)).toThrow(LogError);
  const bad = { ...proof, checkpoint: `${proof.checkpoint}${a.cosign('else\n', 77).line}\n` };
  expect(() => verifyTlogProof(bad, log.key, one)).toThrow(LogError);
});

const HASH = Buffer.alloc(32).toString('base64');

test.each([
  ['nothing', ''],
  ['another header', 'c2sp.org/tlog-proof@v2\nindex 1\n\nx\n'],
  ['a header that goes on', 'c2sp.org/tlog-proof@v1 \nindex 1\n\nx\n'],
  ['no index', `c2sp.org/tlog-proof@v1\n${HASH}\n\nx\n`],
  ['no empty line', 'c2sp.org/tlog-proof@v1\nindex 1\nx\n'],
  ['extra data after the index', 'c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\nx\n'],
  ['extra data twice', 'c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n\nx\n'],
  ['extra data that is not base64', 'c2sp.org/tlog-proof@v1\nextra AAA\nindex 1\n\nx\n'],
  ['extra data with bits to spare', 'c2sp.org/tlog-proof@v1\nextra AAB=\nindex 1\n\nx\n'],
  ['an index with a zero before it', 'c2sp.org/tlog-proof@v1\nindex 01\n\nx\n'],
  ['a negative index', 'c2sp.org/tlog-proof@v1\nindex -1\n\nx\n'],
  ['an index of 2^53', 'c2sp.org/tlog-proof@v1\nindex 9007199254740992\n\nx\n'],
  ['two spaces before the index', 'c2sp.org/tlog-proof@v1\nindex  1\n\nx\n'],
  ['a short hash', `c2sp.org/tlog-proof@v1\nindex 1\n${HASH.slice(4)}\n\nx\n`],
  ['a hash with a space', `c2sp.org/tlog-proof@v1\nindex 1\n${HASH} \n\nx\n`],
  ['carriage returns', 'c2sp.org/tlog-proof@v1\r\nindex 1\r\n\r\nx\r\n'],
  ['64 hashes', `c2sp.org/tlog-proof@v1\nindex 1\n${`${HASH}\n`.repeat(64)}\nx\n`],
  ['two megabytes', `c2sp.org/tlog-proof@v1\nextra ${'A'.repeat(2 * 1024 * 1024)}\nindex 1\n\nx\n`],
])('a proof with %s is none', (_, text) => {
  expect(() => parseTlogProof(text)).toThrow(LogError);
});

test('what could not be read again is not written', async () => {
  const proof = await proveEntry(log, head, 1);
  expect(() => tlogProofText({ ...proof, index: -1 })).toThrow(LogError);
  expect(() => tlogProofText({ ...proof, hashes: [Buffer.alloc(31)] })).toThrow(LogError);
  expect(() => tlogProofText({ ...proof, hashes: Array(64).fill(Buffer.alloc(32)) })).toThrow(LogError);
});

test('what is written is read again', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(
      fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))),
      fc.maxSafeNat(),
      fc.array(hash, { maxLength: 63 }),
      fc.string(),
      (extra, index, hashes, checkpoint) => {
        const proof = { extra, index, hashes, checkpoint };
        expect(parseTlogProof(tlogProofText(proof))).toEqual(proof);
      },
    ),
  );
});
