import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Hash, leafHashOf } from '../../../src/ledger/log/hash.ts';
import { hashReader } from '../../../src/ledger/log/log-source.ts';
import { consistencyProof, inclusionProof, rootAt } from '../../../src/ledger/log/merkle-proof.ts';
import { generateKey, noteBytes, parseNote, signerKey, verifierKey } from '../../../src/ledger/log/note.ts';
import { type MemoryLog, memoryLog } from '../../ledger/log/memory-log.ts';
import { entryOf } from '../../ledger/log/naive.ts';
import { type GoProgram, goProgram, reasonForNoGo, runGo } from './go.ts';

// Tiles, notes and proofs against golang.org/x/mod/sumdb, which shares no line with ours (test/full/ledger/go).
const why = reasonForNoGo();

describe.skipIf(why !== null)(`by golang.org/x/mod/sumdb${why ? ` (skipped: ${why})` : ''}`, () => {
  let verify: GoProgram;
  let note: GoProgram;
  let folder: string;

  beforeAll(async () => {
    const [one, two] = [await goProgram('verify'), await goProgram('note')];
    if (one === null || two === null) throw new Error('Go is gone');
    [verify, note] = [one, two];
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'go-primitives-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = async (path: string, bytes: Uint8Array) => {
    const file = join(folder, 'log', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  const write = async (log: MemoryLog) => {
    for (const [path, bytes] of log.files) await put(path, bytes);
  };
  const verified = (vkey: string, ...proofs: string[]) =>
    runGo(verify, [join(folder, 'log'), vkey, ...proofs]);

  test.each([0, 1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 131_073])(
    'a log of %i entries',
    async (size) => {
      const log = memoryLog();
      log.publish(size);
      await write(log);
      const run = verified(log.key.vkey);
      expect(run).toMatchObject({ status: 0, err: '' });
      expect(run.out).toContain(`ok: ${size} entries, root ${log.builder.root().toString('base64')}, `);
    },
  );

  test('a log that grew in steps, with the partial tiles of each', async () => {
    const log = memoryLog();
    for (const size of [1, 3, 255, 256, 300, 513, 65_700, 65_701, 70_000]) log.publish(size);
    await write(log);
    expect(verified(log.key.vkey)).toMatchObject({ status: 0, err: '' });
  });

  test('inclusion and consistency proofs that we make', async () => {
    const log = memoryLog();
    const lines: string[] = [];
    const words = (hashes: readonly Hash[]) => hashes.map((hash) => hash.toString('base64'));
    const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 1000, 65_535, 65_536, 65_537];
    for (const size of sizes) {
      log.publish(size);
      const read = hashReader(log, size);
      const root = await rootAt(size, read);
      for (const index of new Set([0, 1, 2, 100, 255, 256, 999, Math.floor(size / 2), size - 2, size - 1])) {
        if (index < 0 || index >= size) continue;
        const proof = await inclusionProof(index, size, read);
        lines.push(
          `record ${size} ${words([root])} ${index} ${words([leafHashOf(entryOf(index)), ...proof]).join(' ')}`,
        );
      }
      for (const from of sizes.filter((from) => from <= size)) {
        const old = await rootAt(from, hashReader(log, from));
        const proof = await consistencyProof(from, size, read);
        lines.push(`tree ${size} ${words([root])} ${from} ${words([old, ...proof]).join(' ')}`);
      }
    }
    await write(log);
    const proofs = join(folder, 'proofs');
    await writeFile(proofs, `${lines.join('\n')}\n`);
    const run = verified(log.key.vkey, proofs);
    expect(run).toMatchObject({ status: 0, err: '' });
    expect(run.out).toContain(`, ${lines.length} given proofs`);
    expect(lines.length).toBeGreaterThan(150);
    // One hash changed for another: the comparison can fail.
    await writeFile(proofs, `${lines.join('\n').replace(/ \S+$/, ` ${words([leafHashOf(entryOf(0))])}`)}\n`);
    expect(verified(log.key.vkey, proofs)).toMatchObject({ status: 1 });
  });

  test('what is wrong with a log, it names', async () => {
    const log = memoryLog();
    log.publish(70_000);
    await write(log);
    const vkey = log.key.vkey;
    const fails = async (path: string, bytes: Uint8Array | null, said: string) => {
      const whole = log.files.get(path) ?? Buffer.alloc(0);
      if (bytes === null) await rm(join(folder, 'log', path));
      else await put(path, bytes);
      const run = verified(vkey);
      expect(run.status).toBe(1);
      expect(run.err).toContain(said);
      await put(path, whole);
    };
    const flipped = (path: string, at: number) => {
      const bytes = Buffer.from(log.files.get(path) ?? '');
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes;
    };
    await fails('tile/entries/100', flipped('tile/entries/100', 10), 'the root of the entries is ');
    await fails('tile/0/100', flipped('tile/0/100', 10), 'tile/0/100: ');
    await fails('tile/1/000', flipped('tile/1/000', 8191), 'tile/1/000: ');
    await fails('tile/2/000.p/1', flipped('tile/2/000.p/1', 0), 'tile/2/000.p/1: ');
    await fails('tile/2/000.p/1', null, 'tile/2/000');
    await fails('tile/entries/273.p/112', null, 'tile/entries/273');
    await fails('checkpoint', flipped('checkpoint', 20), 'checkpoint: ');
    expect(verified(generateKey('example.com/log/1').vkey)).toMatchObject({ status: 1 });
    expect(verified(vkey)).toMatchObject({ status: 0 });
  });

  test('keys and signatures, both ways', () => {
    for (const name of ['example.com/log/1', 'sallyport-00ff/2', 'ключ', 'k']) {
      const [skey = '', vkey = ''] = runGo(note, ['generate', name]).out.split('\n');
      expect(signerKey(skey).vkey).toBe(vkey);
      expect(verifierKey(vkey).name).toBe(name);
      const ours = generateKey(name);
      for (const key of [skey, ours.skey])
        for (const text of [
          'text\n',
          'ünï\n\ncode\n',
          '\n',
          `${name}\n1\n${Buffer.alloc(32).toString('base64')}\n`,
        ]) {
          const theirs = runGo(note, ['sign'], `${key}\n${text}`);
          expect(theirs).toMatchObject({ status: 0, err: '' });
          // Ed25519 signatures are determined by key and text: the notes are the same to the byte.
          expect(noteBytes({ text, signatures: [signerKey(key).sign(text)] })).toBe(theirs.out);
          const { text: read, signatures } = parseNote(theirs.out);
          const [signature] = signatures;
          expect(signature && verifierKey(signerKey(key).vkey).verify(read, signature)).toEqual({
            time: null,
          });
        }
    }
  });

  test('names and texts that it refuses, we refuse', () => {
    for (const name of ['a b', 'a+b', 'a\u00a0b', 'a\u2028b', 'a\u0085b', '']) {
      const skey = generateKey('k').skey.replace('+k+', `+${name}+`);
      expect(runGo(note, ['sign'], `${skey}\ntext\n`).status).toBe(1);
      expect(() => signerKey(skey)).toThrow();
      expect(() => generateKey(name)).toThrow();
    }
    const { skey } = generateKey('k');
    expect(runGo(note, ['sign'], `${skey}\ntext`).status).toBe(1);
    expect(() => signerKey(skey).sign('text')).toThrow();
  });
});
