import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { entryBytes } from '../../src/ledger/canonical.ts';
import { type DecisionInput, decisionEntry } from '../../src/ledger/entry.ts';
import type {
  EntryDraft,
  EntryFilter,
  FirstDigest,
  InspectedFile,
  Ledger,
  LedgerReader,
  RememberedIndex,
  StoredEntry,
} from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open.ts';
import type { ArtifactId, PackageId, PackageName } from '../../src/model/artifact.ts';
import type { Digest } from '../../src/model/digest.ts';

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The embedded ledger in a folder of its own, closed when the test is over. */
export async function openTemporary(dir: string = temporaryFolder()): Promise<Ledger> {
  const ledger = await openLedger({ dir });
  onTestFinished(() => ledger.close());
  return ledger;
}

export function packageId(name: string, ecosystem = 'npm'): PackageId {
  return { ecosystem, name: name as PackageName };
}

export function artifact(name: string, version = '1.0.0', filename = `${name}-${version}.tgz`): ArtifactId {
  return { ...packageId(name), version, filename };
}

export const sha256 = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;
export const sha512 = (text: string): Digest => `sha512:${createHash('sha512').update(text).digest('hex')}`;

/** The claim that a file has the bytes `content`. */
export function claim(file: ArtifactId, content: string): FirstDigest {
  return {
    artifact: file,
    sha256: sha256(content),
    sha512: sha512(content),
    size: content.length,
    chunks: sha256(`chunks of ${content}`),
  };
}

export function inspection(
  file: ArtifactId,
  content: string,
  more: Partial<InspectedFile> = {},
): InspectedFile {
  return { ...claim(file, content), findings: [], engine: '1', metadata: null, ...more };
}

export function sighting(
  id: PackageId,
  at: number,
  content = `index at ${at}`,
  source: string = id.ecosystem,
): RememberedIndex {
  return { ...id, source, digest: sha256(content), at, etag: null, lastModified: null };
}

export function files(list: Record<string, number | null> | unknown): Uint8Array {
  const plain = typeof list === 'object' && list !== null && !Array.isArray(list);
  return new TextEncoder().encode(JSON.stringify(plain ? Object.entries(list) : list));
}

export function decision(more: Partial<DecisionInput> = {}): EntryDraft {
  return decisionEntry({
    id: 'r1',
    time: 1_000,
    agent: 'ana',
    profile: 'default',
    mode: 'enforce',
    route: 'artifact',
    method: 'GET',
    ecosystem: 'npm',
    name: 'express',
    version: '4.19.2',
    verdict: 'allow',
    reasons: [],
    policy: sha256('policy'),
    engine: '1',
    ...more,
  });
}

export async function all(ledger: Ledger | LedgerReader, filter: EntryFilter = {}): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const entry of ledger.query(filter)) entries.push(entry);
  return entries;
}

export async function places(ledger: Ledger | LedgerReader, filter: EntryFilter): Promise<number[]> {
  return (await all(ledger, filter)).map((entry) => entry.seq);
}

export const parsed = (bytes: string) => JSON.parse(bytes) as Record<string, unknown>;

/** The bytes that a draft must have in the log. */
export const bytesOf = (draft: EntryDraft): string => entryBytes(draft);
