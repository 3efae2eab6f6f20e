import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import type { OpenArtifact, Stored, Vault } from '../../src/vault/vault.ts';

/** Small, so that a few kilobytes have many chunks. */
export const CHUNK = 1000;

export async function store(vault: Vault, bytes: Uint8Array, piece = 700): Promise<Stored> {
  const reception = await vault.receive();
  for (let at = 0; at < bytes.length; at += piece) await reception.write(bytes.subarray(at, at + piece));
  return (await reception.finish()).commit();
}

export async function readAll(opened: OpenArtifact, start = 0, end = opened.size): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of opened.read(start, end)) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}

/** What every vault holds, wherever it keeps its bytes. `open` gives a new, empty one. */
export function vaultContract(kind: string, open: () => Promise<Vault>): void {
  describe(`${kind}: the contract of a vault`, () => {
    let vault: Vault;
    beforeEach(async () => {
      vault = await open();
    });
    afterEach(() => vault.close());

    const unknown = `sha256:${'0'.repeat(64)}` as Digest;

    test('what was never committed is not here', async () => {
      const bytes = randomBytes(3000);
      const reception = await vault.receive();
      await reception.write(bytes);
      const held = await reception.finish();
      expect(await vault.has(held.sha256)).toBe(false);
      expect(await vault.open({ ...held })).toBeNull();
      await held.discard();
      expect(await vault.has(held.sha256)).toBe(false);
      await expect(readFile(held.path)).rejects.toThrow('ENOENT');
      expect(await vault.usage()).toEqual({ bytes: 0, files: 0 });
    });

    test('a reception or a held file ends once', async () => {
      const reception = await vault.receive();
      await reception.discard();
      await reception.discard();
      await expect(reception.write(randomBytes(1))).rejects.toThrow(TypeError);
      await expect(reception.finish()).rejects.toThrow(TypeError);
      const held = await (await vault.receive()).finish();
      await held.commit();
      await held.discard();
      await expect(held.commit()).rejects.toThrow(TypeError);
      expect(await vault.has(held.sha256)).toBe(true);
    });

    test('a held file is whole and can be inspected before it is committed', async () => {
      const bytes = randomBytes(2500);
      const reception = await vault.receive();
      await reception.write(bytes);
      const held = await reception.finish();
      expect(await readFile(held.path)).toEqual(bytes);
      expect(held.sha256).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
      expect(held.sha512).toBe(`sha512:${createHash('sha512').update(bytes).digest('hex')}`);
      expect(held.size).toBe(2500);
      await held.discard();
    });

    test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, 5 * CHUNK + 7])(
      '%i bytes come back',
      async (n) => {
        const bytes = randomBytes(n);
        const opened = await vault.open(await store(vault, bytes));
        if (!opened) throw new Error('not there');
        expect(opened.size).toBe(n);
        expect(await readAll(opened)).toEqual(bytes);
        await opened.close();
      },
    );

    test('ranges are exact, and a range outside the file throws', async () => {
      const bytes = randomBytes(3 * CHUNK + 10);
      const opened = await vault.open(await store(vault, bytes));
      if (!opened) throw new Error('not there');
      for (const [start, end] of [
        [0, 0],
        [0, 1],
        [CHUNK - 1, CHUNK + 1],
        [5, 3 * CHUNK + 10],
        [2999, 3001],
      ] as const) {
        expect(await readAll(opened, start, end)).toEqual(bytes.subarray(start, end));
      }
      for (const [start, end] of [
        [-1, 2],
        [2, 1],
        [0, 3 * CHUNK + 11],
        [0.5, 2],
        [0, Number.NaN],
      ] as const) {
        await expect(readAll(opened, start, end)).rejects.toThrow(RangeError);
      }
      await opened.close();
    });

    test('the pieces in which bytes come do not matter, and a chunk digest is part of what is stored', async () => {
      const bytes = randomBytes(4321);
      const one = await store(vault, bytes, 5000);
      const other = await store(vault, bytes, 13);
      expect(other).toEqual(one);
      expect(await vault.usage()).toMatchObject({ files: 1 });
    });

    test('two receptions of the same bytes, committed at once, are one file', async () => {
      const bytes = randomBytes(3456);
      const all = await Promise.all(Array.from({ length: 8 }, () => store(vault, bytes)));
      expect(new Set(all.map((stored) => JSON.stringify(stored))).size).toBe(1);
      expect(await vault.usage()).toMatchObject({ files: 1 });
      const opened = await vault.open(all[0] as Stored);
      if (!opened) throw new Error('not there');
      expect(await readAll(opened)).toEqual(bytes);
      await opened.close();
    });

    test('documents come back by digest; an unknown one is null', async () => {
      expect(await vault.getDocument(unknown)).toBeNull();
      const digest = await vault.putDocument([Buffer.from('he'), Buffer.from('llo')]);
      expect(digest).toBe('sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
      expect(await vault.putDocument(Buffer.from('hello'))).toBe(digest);
      expect(Buffer.from((await vault.getDocument(digest)) ?? [])).toEqual(Buffer.from('hello'));
      expect(await vault.usage()).toEqual({ bytes: 5, files: 1 });
    });

    test('whether a document is here; an artifact is none', async () => {
      expect(await vault.hasDocument(unknown)).toBe(false);
      const digest = await vault.putDocument(Buffer.from('hello'));
      expect(await vault.hasDocument(digest)).toBe(true);
      const { sha256 } = await store(vault, randomBytes(10));
      expect(await vault.hasDocument(sha256)).toBe(false);
      await vault.evict(0, () => false);
      expect(await vault.hasDocument(digest)).toBe(false);
    });

    test('to look whether a document is here is a use of it', async () => {
      const [first, second] = [
        await vault.putDocument(randomBytes(9)),
        await vault.putDocument(randomBytes(9)),
      ];
      await vault.hasDocument(first);
      await vault.evict(9, () => false);
      expect([await vault.hasDocument(first), await vault.hasDocument(second)]).toEqual([true, false]);
    });

    test('a digest that is none never becomes a path', async () => {
      for (const bad of [
        'sha256:../../../etc/passwd',
        'sha256:',
        `sha256:${'A'.repeat(64)}`,
        `sha512:${'0'.repeat(128)}`,
      ]) {
        await expect(vault.has(bad as Digest)).rejects.toThrow(TypeError);
        await expect(vault.getDocument(bad as Digest)).rejects.toThrow(TypeError);
        await expect(vault.hasDocument(bad as Digest)).rejects.toThrow(TypeError);
      }
    });

    test('eviction takes the least recently used first and never what is to be kept', async () => {
      const [a, b, c] = [
        await store(vault, randomBytes(900)),
        await store(vault, randomBytes(900)),
        await store(vault, randomBytes(900)),
      ];
      const document = await vault.putDocument(randomBytes(900));
      await (await vault.open(a))?.close();
      const { bytes } = await vault.usage();
      expect(await vault.evict(bytes, () => false)).toEqual({ removed: 0 });
      expect(await vault.evict(bytes - 1, (digest) => digest === b.sha256)).toEqual({ removed: 1 });
      expect(await Promise.all([a, b, c].map((stored) => vault.has(stored.sha256)))).toEqual([
        true,
        true,
        false,
      ]);
      await vault.evict(0, (digest) => digest === b.sha256);
      expect(await vault.has(a.sha256)).toBe(false);
      expect(await vault.getDocument(document)).toBeNull();
      expect(await vault.has(b.sha256)).toBe(true);
      await vault.evict(0, () => false);
      expect(await vault.usage()).toEqual({ bytes: 0, files: 0 });
    });

    test('who reads while it is evicted reads to the end', async () => {
      const bytes = randomBytes(4 * CHUNK);
      const stored = await store(vault, bytes);
      const opened = await vault.open(stored);
      if (!opened) throw new Error('not there');
      const pieces: Uint8Array[] = [];
      for await (const piece of opened.read(0, opened.size)) {
        pieces.push(Uint8Array.from(piece));
        await vault.evict(0, () => false);
      }
      expect(Buffer.concat(pieces)).toEqual(bytes);
      await opened.close();
      expect(await vault.open(stored)).toBeNull();
    });

    test('evicting, committing and opening one digest at once never ends in damage', async () => {
      const bytes = randomBytes(2 * CHUNK);
      const stored = await store(vault, bytes);
      await Promise.all(
        Array.from({ length: 30 }, async (_, n) => {
          if (n % 3 === 0) await vault.evict(0, () => false);
          else if (n % 3 === 1) await store(vault, bytes);
          else {
            const opened = await vault.open(stored);
            if (opened) expect(await readAll(opened)).toEqual(bytes);
            await opened?.close();
          }
        }),
      );
      expect((await vault.fsck()).damaged).toEqual([]);
    });

    test('fsck of a sound vault finds nothing', async () => {
      await store(vault, randomBytes(2500));
      await vault.putDocument(randomBytes(10));
      expect(await vault.fsck()).toEqual({ checked: 2, damaged: [] });
    });
  });
}
