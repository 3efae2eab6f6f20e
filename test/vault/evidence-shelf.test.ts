import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PackageId, PackageName } from '../../src/model/artifact.ts';
import { type Digest, hexOf } from '../../src/model/digest.ts';
import { type EvidenceKind, MAX_EVIDENCE } from '../../src/model/evidence.ts';
import { EvidenceRefused, openEvidenceShelf } from '../../src/vault/evidence-shelf.ts';
import { VaultFull } from '../../src/vault/faults.ts';
import { openFileVault } from '../../src/vault/file-vault.ts';
import type { EvidenceShelf } from '../../src/vault/vault.ts';
import { store } from './contract.ts';

let dir: string;
let shelf: EvidenceShelf;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shelf-'));
  shelf = openEvidenceShelf({ dir });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

const npm = (name: string): PackageId => ({ ecosystem: 'npm', name: name as PackageName });
const sha256 = (of: string | Uint8Array): Digest => `sha256:${createHash('sha256').update(of).digest('hex')}`;
const sha512 = (of: string | Uint8Array): Digest => `sha512:${createHash('sha512').update(of).digest('hex')}`;

const express = npm('express');
const artifact = sha512('express-4.0.0.tgz');

function pathOf(document: Digest): string {
  const hex = hexOf(document);
  return join(dir, 'evidence', 'sha256', hex.slice(0, 2), hex.slice(2, 4), hex);
}

function folderOf({ ecosystem, name }: PackageId): string {
  return join(dir, 'evidence', 'packages', hexOf(sha256(`${ecosystem}\n${name}`)));
}

/** Files below the folder, by path. */
async function files(): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  return found.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}

/** Five seconds pass for whoever asks the monotonic clock. */
function wait(ms: number): void {
  const then = performance.now() + ms;
  vi.spyOn(performance, 'now').mockReturnValue(then);
}

test('a shelf that was never used is empty, and looking makes nothing', async () => {
  expect(await shelf.of(express)).toEqual([]);
  expect(await shelf.get(sha256('x'))).toBeNull();
  expect(await readdir(dir)).toEqual([]);
});

test('what is put is listed for its package and comes back by its digest', async () => {
  const bytes = Buffer.from('{"attestations":[]}');
  const ref = await shelf.put(express, artifact, 'npm-attestations', bytes);
  expect(ref).toEqual({ artifact, kind: 'npm-attestations', document: sha256(bytes) });
  expect(await shelf.of(express)).toEqual([ref]);
  expect(await shelf.of(npm('other'))).toEqual([]);
  expect(await shelf.of({ ...express, ecosystem: 'pypi' })).toEqual([]);
  expect(Buffer.from((await shelf.get(ref.document)) ?? [])).toEqual(bytes);
  expect((await files()).sort()).toEqual([
    join(folderOf(express), `sha512-${hexOf(artifact)}.npm-attestations.${hexOf(ref.document)}`),
    pathOf(ref.document),
  ]);
  for (const path of await files()) expect((await stat(path)).mode & 0o227).toBe(0);
});

test('a list is sorted, whatever came first; the same again is no news', async () => {
  const puts: [Digest, EvidenceKind, string][] = [
    [artifact, 'npm-signatures', 'b'],
    [artifact, 'npm-attestations', 'c'],
    [sha256('z'), 'npm-signatures', 'a'],
    [artifact, 'npm-attestations', 'a'],
  ];
  for (const [about, kind, text] of [...puts, ...puts]) {
    await shelf.put(express, about, kind, Buffer.from(text));
  }
  const list = await shelf.of(express);
  const other = openEvidenceShelf({ dir });
  for (const [about, kind, text] of puts.toReversed()) {
    await other.put(npm('twin'), about, kind, Buffer.from(text));
  }
  expect(await other.of(npm('twin'))).toEqual(list);
  expect(list).toHaveLength(4);
  // Four references each, and three documents between them.
  expect(await files()).toHaveLength(11);
});

describe('what is about no artifact', () => {
  const bytes = Buffer.from('what was trusted');

  test('comes back by its digest, and is of no package; the same again is no news', async () => {
    const document = await shelf.keep(bytes);
    expect(document).toBe(sha256(bytes));
    expect(await shelf.keep(bytes)).toBe(document);
    expect(await files()).toEqual([pathOf(document)]);
    expect((await stat(pathOf(document))).mode & 0o227).toBe(0);
    expect(Buffer.from((await openEvidenceShelf({ dir }).get(document)) ?? [])).toEqual(bytes);
  });

  test('damaged, it is moved aside, and kept anew', async () => {
    const document = await shelf.keep(bytes);
    for (const found of ['on reading', 'on keeping']) {
      await chmod(pathOf(document), 0o600);
      await writeFile(pathOf(document), 'what was trusteD');
      if (found === 'on reading') expect(await shelf.get(document)).toBeNull();
      await shelf.keep(bytes);
      expect(Buffer.from((await shelf.get(document)) ?? []), found).toEqual(bytes);
    }
  });

  test('too large, it is not kept', async () => {
    await expect(shelf.keep(new Uint8Array(MAX_EVIDENCE + 1))).rejects.toBeInstanceOf(EvidenceRefused);
    expect(await files()).toEqual([]);
  });

  test('in the vault it is counted, checked, and never evicted', async () => {
    const vault = await openFileVault({ dir });
    const document = await vault.evidence.keep(bytes);
    expect(await vault.usage()).toEqual({ bytes: bytes.length, files: 1 });
    expect(await vault.evict(0, () => false)).toEqual({ removed: 0 });
    expect(await vault.fsck()).toEqual({ checked: 1, damaged: [] });
    await chmod(pathOf(document), 0o600);
    await writeFile(pathOf(document), 'spoiled');
    expect(await vault.fsck()).toEqual({ checked: 1, damaged: [document] });
    await vault.close();
  });
});

test('what is no reference is not listed', async () => {
  const ref = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
  const good = `sha512-${hexOf(artifact)}.npm-signatures.${hexOf(ref.document)}`;
  const names = [
    'README',
    '..npm-signatures.',
    `.${good}.0123456789abcdef.tmp`,
    `${good}.more`,
    good.replace('npm-signatures', 'constructor'),
    good.replace('npm-signatures', 'npm'),
    good.replace('sha512-', 'sha256-'),
    good.replace('sha512-', 'sha512:'),
    good.replace('sha512-', 'sha512='),
    good.replace('sha512-', 'sha1-'),
    good.replace(hexOf(artifact), hexOf(artifact).toUpperCase()),
    good.slice(0, -1),
    `${good}0`,
  ];
  for (const name of names) await writeFile(join(folderOf(express), name), '');
  await mkdir(join(folderOf(express), 'folder'));
  expect(await openEvidenceShelf({ dir }).of(express)).toEqual([ref]);
});

test('no text from outside becomes part of a path', async () => {
  const hostile = ['../../../../tmp/x', '/etc/passwd', 'a/../../b', 'x\0y', '.', '..', '', '\n'];
  for (const name of hostile) {
    await shelf.put(npm(name), artifact, 'npm-signatures', Buffer.from(name));
    await shelf.put(
      { ecosystem: name, name: name as PackageName },
      artifact,
      'npm-signatures',
      Buffer.from('x'),
    );
  }
  expect((await readdir(dir)).sort()).toEqual(['evidence']);
  expect((await readdir(join(dir, 'evidence'))).sort()).toEqual(['packages', 'sha256']);
  for (const name of await readdir(join(dir, 'evidence', 'packages'))) expect(name).toMatch(/^[0-9a-f]{64}$/);
  const before = (await files()).length;
  for (const bad of [
    'sha256:../../x',
    'sha256:',
    `sha256:${'A'.repeat(64)}`,
    'sha1:00',
    `sha256=${'0'.repeat(64)}`,
  ]) {
    await expect(shelf.put(express, bad as Digest, 'npm-signatures', Buffer.from('x'))).rejects.toThrow(
      TypeError,
    );
    await expect(shelf.get(bad as Digest)).rejects.toThrow(TypeError);
  }
  for (const kind of ['../x', 'constructor', '']) {
    await expect(shelf.put(express, artifact, kind as EvidenceKind, Buffer.from('x'))).rejects.toThrow(
      TypeError,
    );
  }
  expect(await files()).toHaveLength(before);
});

describe('bounds', () => {
  test('a document of 2 MiB is taken, one byte more is refused and leaves nothing', async () => {
    await expect(
      shelf.put(express, artifact, 'npm-attestations', new Uint8Array(MAX_EVIDENCE + 1)),
    ).rejects.toThrow(EvidenceRefused);
    expect(await readdir(dir)).toEqual([]);
    const { document } = await shelf.put(express, artifact, 'npm-attestations', new Uint8Array(MAX_EVIDENCE));
    expect(await shelf.get(document)).toHaveLength(MAX_EVIDENCE);
  });

  test('the 65th document of a kind for an artifact is refused; what is there can be put again', async () => {
    const put = (n: number, kind: EvidenceKind = 'npm-attestations', about = artifact) =>
      shelf.put(express, about, kind, Buffer.from(`document ${n}`));
    for (let n = 0; n < 64; n++) await put(n);
    await expect(put(64)).rejects.toThrow(/64 documents of npm-attestations/);
    expect(existsSync(pathOf(sha256('document 64')))).toBe(false);
    await put(0);
    expect(await shelf.of(express)).toHaveLength(64);
    await put(64, 'npm-signatures');
    await put(64, 'npm-attestations', sha512('another file'));
    expect(await shelf.of(express)).toHaveLength(66);
  });
});

describe('damage', () => {
  async function damage(document: Digest, bytes: Uint8Array): Promise<void> {
    await chmod(pathOf(document), 0o600);
    await writeFile(pathOf(document), bytes);
  }

  test.each([
    ['other bytes', Buffer.from('y')],
    ['no bytes', Buffer.from('')],
    ['more bytes than any document has', Buffer.alloc(MAX_EVIDENCE + 1)],
  ])('%s: null, moved aside, and healed by the next put', async (_, bytes) => {
    const { document } = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    await damage(document, bytes);
    expect(await shelf.get(document)).toBeNull();
    expect(existsSync(pathOf(document))).toBe(false);
    const [aside = ''] = await readdir(join(dir, 'damaged'));
    expect(aside.startsWith(hexOf(document))).toBe(true);
    expect(await readFile(join(dir, 'damaged', aside))).toEqual(bytes);
    expect(await shelf.get(document)).toBeNull();
    await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    expect(Buffer.from((await shelf.get(document)) ?? []).toString()).toBe('x');
  });

  test('a put over damaged bytes replaces them', async () => {
    const { document } = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    await damage(document, Buffer.from('y'));
    await shelf.put(npm('other'), artifact, 'npm-signatures', Buffer.from('x'));
    expect(Buffer.from((await shelf.get(document)) ?? []).toString()).toBe('x');
  });

  test('two who find it damaged at once both get null', async () => {
    const { document } = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    await damage(document, Buffer.from('y'));
    const shelves = Array.from({ length: 8 }, () => openEvidenceShelf({ dir }));
    expect(await Promise.all(shelves.map((one) => one.get(document)))).toEqual(shelves.map(() => null));
  });

  test('a folder of references that cannot be read is a fault, not an empty list', async () => {
    await mkdir(join(dir, 'evidence', 'packages'), { recursive: true });
    await writeFile(folderOf(express), '');
    await expect(shelf.of(express)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await rm(folderOf(express));
    expect(await shelf.of(express)).toEqual([]);
  });
});

describe('two on one shelf', () => {
  test('the same documents put by both at once are there once, and nothing is left over', async () => {
    const other = openEvidenceShelf({ dir });
    const texts = Array.from({ length: 30 }, (_, n) => `document ${n}`);
    await Promise.all(
      texts.flatMap((text) =>
        [shelf, other].map((one) => one.put(express, artifact, 'npm-attestations', Buffer.from(text))),
      ),
    );
    for (const one of [shelf, other]) {
      const documents = (await one.of(express)).map(({ document }) => document);
      expect(documents).toEqual(texts.map(sha256).sort());
      for (const document of documents) expect(await one.get(document)).not.toBeNull();
    }
    expect(await files()).toHaveLength(60);
  });

  test('what the other one puts is seen five seconds later, what is put here at once', async () => {
    const other = openEvidenceShelf({ dir });
    expect(await shelf.of(express)).toEqual([]);
    const theirs = await other.put(express, artifact, 'npm-signatures', Buffer.from('theirs'));
    expect(await shelf.of(express)).toEqual([]);
    wait(5_001);
    expect(await shelf.of(express)).toEqual([theirs]);
    const later = await other.put(express, artifact, 'npm-attestations', Buffer.from('later'));
    expect(await shelf.of(express)).toEqual([theirs]);
    const ours = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('ours'));
    expect(new Set(await shelf.of(express))).toEqual(new Set([theirs, later, ours]));
  });

  test('a list that is being read while something is put here is not given afterwards', async () => {
    for (let n = 0; n < 20; n++) {
      const before = shelf.of(express);
      const put = shelf.put(express, artifact, 'npm-signatures', Buffer.from(`document ${n}`));
      const during = shelf.of(express);
      const ref = await put;
      expect(await shelf.of(express)).toContainEqual(ref);
      await Promise.all([before, during]);
      expect(await shelf.of(express)).toHaveLength(n + 1);
    }
  });
});

describe('in the vault', () => {
  const open = () => openFileVault({ dir });

  test('evidence is counted, and never evicted', async () => {
    const vault = await open();
    const { document } = await vault.evidence.put(
      express,
      artifact,
      'npm-signatures',
      Buffer.from('evidence'),
    );
    await vault.evidence.put(npm('twin'), artifact, 'npm-signatures', Buffer.from('evidence'));
    expect(await vault.usage()).toEqual({ bytes: 8, files: 1 });
    const stored = await store(vault, randomBytes(3000));
    await vault.putDocument(randomBytes(50));
    expect(await vault.evict(0, () => false)).toEqual({ removed: 2 });
    expect(await vault.has(stored.sha256)).toBe(false);
    expect(await vault.usage()).toEqual({ bytes: 8, files: 1 });
    expect(await vault.evidence.get(document)).not.toBeNull();
    expect(await vault.evidence.of(express)).toHaveLength(1);
    await vault.close();
    const again = await open();
    expect(await again.usage()).toEqual({ bytes: 8, files: 1 });
    expect(await again.evict(0, () => false)).toEqual({ removed: 0 });
    expect(await again.evidence.get(document)).not.toBeNull();
    await again.close();
  });

  test('a document, an artifact and evidence of the same bytes are three files', async () => {
    const vault = await open();
    const bytes = Buffer.from('the same');
    await store(vault, bytes);
    const document = await vault.putDocument(bytes);
    await vault.evidence.put(express, artifact, 'npm-signatures', bytes);
    expect((await vault.usage()).files).toBe(3);
    await vault.evict(0, () => false);
    expect(await vault.getDocument(document)).toBeNull();
    expect(await vault.evidence.get(document)).not.toBeNull();
    await vault.close();
  });

  test('fsck re-hashes evidence, and moves what is damaged aside', async () => {
    const vault = await open();
    const good = await vault.evidence.put(express, artifact, 'npm-signatures', Buffer.from('good'));
    const bad = await vault.evidence.put(express, artifact, 'npm-signatures', Buffer.from('bad'));
    expect(await vault.fsck()).toEqual({ checked: 2, damaged: [] });
    await chmod(pathOf(bad.document), 0o600);
    await writeFile(pathOf(bad.document), 'bat');
    expect(await vault.fsck()).toEqual({ checked: 2, damaged: [bad.document] });
    expect(await readdir(join(dir, 'damaged'))).toHaveLength(1);
    expect(await vault.usage()).toEqual({ bytes: 4, files: 1 });
    expect(await vault.evidence.get(bad.document)).toBeNull();
    expect(await vault.evidence.get(good.document)).not.toBeNull();
    await vault.close();
  });

  test('a damaged document that is asked for is no longer counted', async () => {
    const vault = await open();
    const { document } = await vault.evidence.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    await chmod(pathOf(document), 0o600);
    await writeFile(pathOf(document), 'y');
    expect(await vault.evidence.get(document)).toBeNull();
    expect(await vault.usage()).toEqual({ bytes: 0, files: 0 });
    await vault.close();
  });

  test('what another process is writing is left alone by a start and by fsck; what it gave up goes', async () => {
    const { document } = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    const left = (name: string) => join(pathOf(document), '..', `.${hexOf(document)}.${name}.tmp`);
    for (const name of ['0123456789abcdef', 'fedcba9876543210']) await writeFile(left(name), 'half');
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    await utimes(left('0123456789abcdef'), ago(30), ago(30));
    await utimes(left('fedcba9876543210'), ago(120), ago(120));
    const vault = await open();
    await vault.fsck();
    expect([left('0123456789abcdef'), left('fedcba9876543210')].map((path) => existsSync(path))).toEqual([
      true,
      false,
    ]);
    await vault.close();
  });

  test('a shelf beside an open vault takes no lock and leaves quarantine alone', async () => {
    const vault = await open();
    const reception = await vault.receive();
    await reception.write(randomBytes(100));
    const beside = openEvidenceShelf({ dir });
    const { document } = await beside.put(express, artifact, 'npm-signatures', Buffer.from('imported'));
    expect(await vault.evidence.of(express)).toHaveLength(1);
    expect(await vault.evidence.get(document)).not.toBeNull();
    const held = await reception.finish();
    await held.commit();
    await vault.close();
  });
});

describe('the disk', () => {
  const handles = async (): Promise<object> => {
    const handle = await open(join(dir, 'any'), 'w');
    await handle.close();
    await rm(join(dir, 'any'));
    return Object.getPrototypeOf(handle);
  };
  const fault = (code: string) => Object.assign(new Error(`${code}: as if`), { code });

  test.each(['ENOSPC', 'EDQUOT'])('%s: VaultFull, and nothing is kept', async (code) => {
    vi.spyOn((await handles()) as { writeFile(): Promise<void> }, 'writeFile').mockRejectedValue(fault(code));
    await expect(shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'))).rejects.toBeInstanceOf(
      VaultFull,
    );
    await expect(shelf.keep(Buffer.from('x'))).rejects.toBeInstanceOf(VaultFull);
    expect(await files()).toEqual([]);
    expect(await shelf.of(express)).toEqual([]);
  });

  test.each(['datasync', 'sync'] as const)(
    'a %s that fails is a put that fails; it heals',
    async (method) => {
      const first = await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
      const spy = vi.spyOn((await handles()) as Record<typeof method, () => Promise<void>>, method);
      spy.mockRejectedValue(fault('EIO'));
      const again = () => shelf.put(express, artifact, 'npm-signatures', Buffer.from('y'));
      await expect(again()).rejects.toMatchObject({ code: 'EIO' });
      await expect(shelf.keep(Buffer.from('z'))).rejects.toMatchObject({ code: 'EIO' });
      spy.mockRestore();
      expect(await shelf.of(express)).toContainEqual(first);
      const second = await again();
      expect(new Set(await shelf.of(express))).toEqual(new Set([first, second]));
    },
  );

  test('at no sync is there a reference to a document that was not synced, with its name, before', async () => {
    const prototype = (await handles()) as { sync(): Promise<void>; datasync(): Promise<void> };
    const seen: string[] = [];
    for (const method of ['sync', 'datasync'] as const) {
      const original = prototype[method];
      vi.spyOn(prototype, method).mockImplementation(function (this: object) {
        const names = readdirSync(dir, { recursive: true, withFileTypes: true })
          .filter((file) => file.isFile())
          .map(({ name }) =>
            name.endsWith('.tmp') ? 'temporary' : name.includes('.') ? 'reference' : 'document',
          );
        seen.push(`${method}: ${names.sort().join(' ')}`);
        return original.call(this);
      });
    }
    await mkdir(folderOf(express), { recursive: true });
    await mkdir(join(pathOf(sha256('x')), '..'), { recursive: true });
    await shelf.put(express, artifact, 'npm-signatures', Buffer.from('x'));
    // The folders' own syncs look the same as what is around them.
    expect(seen.filter((line, n) => line !== seen[n - 1])).toEqual([
      'sync: ',
      'datasync: temporary',
      'sync: document',
      'sync: document reference',
    ]);
  });

  test('killed at any moment: what was acknowledged is here, and each reference has its document', {
    timeout: 60_000,
  }, async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const putter = fileURLToPath(new URL('./fixtures/putter.ts', import.meta.url));
      const child = spawn(process.execPath, [putter, dir, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const enough = acknowledged.length + 40;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged.push(line);
        if (acknowledged.length === enough) child.kill('SIGKILL');
      }
    }
    const refs = await shelf.of(npm('killed'));
    const documents = new Set<string>(refs.map(({ document }) => document));
    expect(acknowledged.filter((document) => !documents.has(document))).toEqual([]);
    for (const { document } of refs) expect(await shelf.get(document)).not.toBeNull();
    expect(existsSync(join(dir, 'damaged'))).toBe(false);
  });
});
