import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureDir, isTemporary, temporaryBeside, writeDurable } from '../../src/disk/durable.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'disk-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('writeDurable', () => {
  test('a folder that is not there: rejects and creates nothing', async () => {
    await expect(writeDurable(join(folder, 'none', 'a'), bytes('x'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a name that a folder has: the temporary file does not stay behind', async () => {
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await expect(writeDurable(join(folder, 'a'), bytes('x'))).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('replaces a file whole and leaves no other', async () => {
    const path = join(folder, 'a');
    await writeDurable(path, bytes('a long first content'));
    await writeDurable(path, [bytes('sec'), bytes(''), bytes('ond')], 0o640);
    expect(await readFile(path, 'utf8')).toBe('second');
    expect(await modeOf(path)).toBe(0o640);
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('only the owner may read what it writes, unless told otherwise', async () => {
    await writeDurable(join(folder, 'a'), bytes('x'));
    expect(await modeOf(join(folder, 'a'))).toBe(0o600);
  });

  test('does not write through a symbolic link', async () => {
    await writeFile(join(folder, 'target'), 'kept');
    await symlink('target', join(folder, 'a'));
    await writeDurable(join(folder, 'a'), bytes('new'));
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('kept');
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('new');
  });
});

describe('ensureDir', () => {
  test('a file in the way rejects, as the folder and as one above it', async () => {
    await writeFile(join(folder, 'f'), '');
    await expect(ensureDir(join(folder, 'f'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(ensureDir(join(folder, 'f', 'g'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  test('makes every folder above, for the owner only, and is content with what is there', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all([ensureDir(path), ensureDir(path), ensureDir(join(folder, 'a', 'b', 'd'))]);
    expect(await modeOf(join(folder, 'a'))).toBe(0o700);
    expect(await modeOf(path)).toBe(0o700);
    await ensureDir('/');
  });
});

test('temporary names are known again, and no other name is', () => {
  expect(isTemporary(temporaryBeside('/x/ledger.db').slice(3))).toBe(true);
  for (const name of ['ledger.db', '.tmp', 'a.0123456789abcdef.tmp', '.a.0123456789abcde.tmp', '.a.tmp']) {
    expect(isTemporary(name), name).toBe(false);
  }
});
