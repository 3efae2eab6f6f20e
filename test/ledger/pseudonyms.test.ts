import { createHmac } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { makePseudonymKey, readPseudonymKeys, removePseudonymKey } from '../../src/ledger/pseudonym-keys.ts';
import { isPseudonym, Pseudonyms, pseudonymOf } from '../../src/ledger/pseudonyms.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pseudonyms-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** By another way than the code's: as one large number. */
function byNumber(key: Uint8Array, name: string): string {
  const hash = createHmac('sha256', key).update(name).digest('hex');
  let rest = BigInt(`0x${hash}`) >> 126n;
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = 'abcdefghijklmnopqrstuvwxyz234567'.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return `~${text}`;
}

test('a pseudonym is the first 130 bits of the hash, in base32', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.string(), (key, name) => {
      expect(pseudonymOf(key, name)).toBe(byNumber(key, name));
      expect(isPseudonym(pseudonymOf(key, name))).toBe(true);
    }),
  );
});

test('the same name is another one under another key, and another name is another one under the same', () => {
  const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  expect(new Set([pseudonymOf(a, 'ana'), pseudonymOf(b, 'ana'), pseudonymOf(a, 'ann')]).size).toBe(3);
});

test('a key is made once, of random bytes, and is readable by its owner alone', async () => {
  const dir = await folder();
  const key = await makePseudonymKey(dir, 'acme');
  expect(key).toHaveLength(32);
  const path = join(dir, 'ledger', 'pseudonyms', 'acme');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  await expect(makePseudonymKey(dir, 'acme')).rejects.toThrow(/has a key/);
  const other = await makePseudonymKey(dir, 'other');
  expect(Buffer.from(other)).not.toEqual(Buffer.from(key));
  const keys = await readPseudonymKeys(dir);
  expect([...keys.keys()]).toEqual(['acme', 'other']);
  expect(Buffer.from(keys.get('acme') ?? [])).toEqual(Buffer.from(key));
});

test('a key that others can read is not used, and none of it is in the words', async () => {
  const dir = await folder();
  await makePseudonymKey(dir, 'acme');
  const path = join(dir, 'ledger', 'pseudonyms', 'acme');
  await chmod(path, 0o640);
  const text = (await readFile(path, 'utf8')).trim();
  const fault = await readPseudonymKeys(dir).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: 'unavailable', message: expect.stringContaining('read by others') });
  expect(String(fault)).not.toContain(text);
});

test.each([
  ['an empty file', ''],
  ['too few digits', 'ab'.repeat(31)],
  ['no digits', 'zz'.repeat(32)],
  ['too much', 'ab'.repeat(200)],
])('%s is no key', async (_what, text) => {
  const dir = await folder();
  await mkdir(join(dir, 'ledger', 'pseudonyms'), { recursive: true });
  await writeFile(join(dir, 'ledger', 'pseudonyms', 'acme'), text, { mode: 0o600 });
  await expect(readPseudonymKeys(dir)).rejects.toMatchObject({ code: 'unavailable' });
});

test('a folder in the place of a key is no key', async () => {
  const dir = await folder();
  await mkdir(join(dir, 'ledger', 'pseudonyms', 'acme'), { recursive: true });
  await expect(readPseudonymKeys(dir)).rejects.toMatchObject({ code: 'unavailable' });
});

test('removing a key leaves no file, and is no fault the second time; a path is no tenant', async () => {
  const dir = await folder();
  expect(await removePseudonymKey(dir, 'acme')).toBe(false);
  await makePseudonymKey(dir, 'acme');
  expect(await removePseudonymKey(dir, 'acme')).toBe(true);
  expect(await readdir(join(dir, 'ledger', 'pseudonyms'))).toEqual([]);
  expect(await removePseudonymKey(dir, 'acme')).toBe(false);
  await expect(removePseudonymKey(dir, '../ledger.db')).rejects.toThrow(TypeError);
  await expect(makePseudonymKey(dir, '../x')).rejects.toThrow(TypeError);
});

test('an agent is asked for by its name and under every key; a pseudonym is itself', () => {
  const keys = new Map([
    ['acme', Buffer.alloc(32, 1)],
    ['other', Buffer.alloc(32, 2)],
  ]);
  const names = new Pseudonyms(keys, (agent) => (agent === 'bob' ? 'other' : 'acme'));
  const [acme, other] = [...keys.values()];
  if (!acme || !other) throw new Error('no keys');
  expect(names.written('ana')).toBe(pseudonymOf(acme, 'ana'));
  expect(names.written('bob')).toBe(pseudonymOf(other, 'bob'));
  expect(names.all('ana')).toEqual(['ana', pseudonymOf(acme, 'ana'), pseudonymOf(other, 'ana')]);
  expect(names.all(names.written('ana'))).toEqual([names.written('ana')]);
  expect(names.written(names.written('ana'))).toBe(names.written('ana'));
});

test('without a key nothing is written of an agent', () => {
  expect(() => new Pseudonyms(new Map(), () => 'acme').written('ana')).toThrow(/no key/);
});
