import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  commitDurable,
  ensureDir,
  isTemporary,
  renameDurable,
  temporaryBeside,
  writeDurable,
} from '../../src/disk/durable.ts';

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

describe('commitDurable', () => {
  test('a temporary file that is not there rejects', async () => {
    await expect(commitDurable(join(folder, 'none'), join(folder, 'a'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a final folder that is not there rejects and keeps the temporary file', async () => {
    await writeFile(join(folder, 't'), 'x');
    await expect(commitDurable(join(folder, 't'), join(folder, 'none', 'a'))).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['t']);
  });

  test('never replaces a file', async () => {
    await writeFile(join(folder, 'a'), 'first');
    await writeFile(join(folder, 't'), 'second');
    expect(await commitDurable(join(folder, 't'), join(folder, 'a'))).toBe('exists');
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('first');
    expect(await readdir(folder)).toEqual(['a']);
  });

  test('of many at once, one creates and all succeed', async () => {
    await mkdir(join(folder, 'q'));
    const temporaries = Array.from({ length: 20 }, (_, i) => join(folder, 'q', `${i}`));
    for (const path of temporaries) await writeFile(path, 'same');
    const outcomes = await Promise.all(temporaries.map((path) => commitDurable(path, join(folder, 'a'))));
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('same');
    expect(await readdir(join(folder, 'q'))).toEqual([]);
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

test('renameDurable replaces and moves between folders', async () => {
  await mkdir(join(folder, 'q'));
  await writeFile(join(folder, 'q', 'a'), 'new');
  await writeFile(join(folder, 'a'), 'old');
  await renameDurable(join(folder, 'q', 'a'), join(folder, 'a'));
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('new');
  await expect(renameDurable(join(folder, 'none'), join(folder, 'a'))).rejects.toThrow();
});

test('temporary names are known again, and no other name is', () => {
  expect(isTemporary(temporaryBeside('/x/ledger.db').slice(3))).toBe(true);
  for (const name of ['ledger.db', '.tmp', 'a.0123456789abcdef.tmp', '.a.0123456789abcde.tmp', '.a.tmp']) {
    expect(isTemporary(name), name).toBe(false);
  }
});
