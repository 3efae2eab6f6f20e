import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { Firewall } from '../../harness/firewall.ts';

// What must be true of a data folder whatever was done to the process that wrote it. Digests are computed here,
// with nothing of the firewall's own code.

export interface AuditedEntry {
  readonly seq: number;
  readonly leaf: string;
  readonly type: string;
  readonly verdict?: string;
  readonly file?: string;
  readonly sha256?: string;
  readonly code?: string;
  readonly decision?: number;
  readonly reasons?: readonly { readonly code: string }[];
}

/** Every entry as `ledger list --json` gives it: no gap in the places, every leaf hash that of its bytes. */
export async function auditedLedger(firewall: Firewall): Promise<AuditedEntry[]> {
  const { code, stdout, stderr } = await firewall.command('ledger', 'list', '--json');
  expect(code, stderr).toBe(0);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line, place) => {
    const match = /^\{"seq":(\d+),"leaf":"([0-9a-f]{64})","entry":(\{.*\})\}$/.exec(line);
    const [, seq = '', leaf = '', bytes = ''] = match ?? [];
    expect(Number(seq), line).toBe(place);
    expect(leafOf(bytes)).toBe(leaf);
    return { ...(JSON.parse(bytes) as object), seq: place, leaf } as AuditedEntry;
  });
}

/** RFC 6962, section 2.1. */
function leafOf(bytes: string): string {
  return createHash('sha256').update(Buffer.of(0)).update(bytes).digest('hex');
}

/**
 * Artifacts in the vault, by digest: each hashes to its name and has the chunk table of its bytes, each document
 * hashes to its name, and nothing else lies there but what an interrupted write leaves under a name that
 * stands for nothing.
 */
export async function auditedVault(vault: string): Promise<Set<string>> {
  const artifacts = new Set<string>();
  for (const shelf of ['cas', 'documents']) {
    for (const file of await readdir(join(vault, shelf), { recursive: true, withFileTypes: true })) {
      if (file.isDirectory()) continue;
      expect(file.name).toMatch(/^[0-9a-f]{64}(\.chunks)?$|^\.[0-9a-f]{64}(\.chunks)?\.[0-9a-f]{16}\.tmp$/);
      if (!/^[0-9a-f]{64}$/.test(file.name)) continue;
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      expect(createHash('sha256').update(bytes).digest('hex'), path).toBe(file.name);
      if (shelf === 'documents') continue;
      expect((await readFile(`${path}.chunks`)).equals(chunkTable(bytes)), `${path}.chunks`).toBe(true);
      artifacts.add(`sha256:${file.name}`);
    }
  }
  return artifacts;
}

function chunkTable(bytes: Buffer): Buffer {
  const digests: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 1024 ** 2) {
    digests.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + 1024 ** 2))
        .digest(),
    );
  }
  return Buffer.concat(digests);
}

export function quarantineOf(vault: string): Promise<string[]> {
  return readdir(join(vault, 'quarantine'));
}

/** SQLite's own check of the whole file. */
export function integrity(dataDir: string): unknown {
  const db = new Database(join(dataDir, 'ledger', 'ledger.db'), { readonly: true });
  try {
    return db.pragma('integrity_check', { simple: true });
  } finally {
    db.close();
  }
}
