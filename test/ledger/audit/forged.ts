import type { AuditSource } from '../../../src/ledger/audit/audit-source.ts';
import type { Finding } from '../../../src/ledger/audit/finding.ts';
import { type AuditReport, auditLedger, type LedgerAudit } from '../../../src/ledger/audit/ledger-audit.ts';
import { entryBytes } from '../../../src/ledger/canonical.ts';
import { bundleBytes } from '../../../src/ledger/log/bundle.ts';
import { signCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import { type Hash, leafHashOf } from '../../../src/ledger/log/hash.ts';
import {
  generateKey,
  noteBytes,
  type SignerKey,
  signerKey,
  verifierKey,
} from '../../../src/ledger/log/note.ts';
import { TileBuilder } from '../../../src/ledger/log/tile-builder.ts';
import { bundlePath, bundlesAt, tilePath } from '../../../src/ledger/log/tiles.ts';

/** A log in memory, which tests forge as they like. */
export interface ForgedLog extends AuditSource {
  readonly files: Map<string, Buffer>;
  readonly signer: SignerKey;
  readonly key: ReturnType<typeof generateKey>;
  readonly vkey: string;
  readonly entries: Buffer[];
  /** The root of the first entries, as they were given. */
  root(size?: number): Hash;
  /** The checkpoint of a size, signed. */
  checkpoint(size?: number, root?: Hash): string;
  /** Writes all files of a log of these entries, and its checkpoint. */
  write(entries: readonly Buffer[]): void;
}

/** A short entry that is unlike any other. */
export function shortEntry(n: number): Buffer {
  return Buffer.from(entryBytes({ type: 'stop', id: `e${n}`, time: n, code: 'signal' }));
}

export function shortEntries(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => shortEntry(i));
}

export function forgedLog(
  entries: readonly Buffer[],
  origin = 'audit.example/log/1',
  { skey, vkey } = generateKey(origin),
): ForgedLog {
  const signer = signerKey(skey);
  const files = new Map<string, Buffer>();
  const log: ForgedLog = {
    files,
    signer,
    key: { skey, vkey },
    vkey,
    entries: [],
    read: async (path) => files.get(path) ?? null,
    list: async function* () {
      yield* files.keys();
    },
    root: (size = log.entries.length) => treeOf(log.entries.slice(0, size)).root(),
    checkpoint: (size = log.entries.length, root = log.root(size)) =>
      noteBytes(signCheckpoint({ origin, size, root, extensions: [] }, signer)),
    write: (written) => {
      log.entries.splice(0, log.entries.length, ...written);
      for (const [path, bytes] of logFiles(written)) files.set(path, bytes);
      files.set('vkey', Buffer.from(`${vkey}\n`));
      files.set('checkpoint', Buffer.from(log.checkpoint()));
    },
  };
  log.write(entries);
  return log;
}

export function treeOf(entries: readonly Buffer[]): TileBuilder {
  const builder = new TileBuilder();
  for (const entry of entries) builder.append(leafHashOf(entry));
  return builder;
}

/** Every tile and bundle of a log of these entries. */
export function logFiles(entries: readonly Buffer[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const { tile, bytes } of treeOf(entries).drain()) files.set(tilePath(tile), bytes);
  for (const { index, width } of bundlesAt(entries.length))
    files.set(bundlePath(index, width), bundleBytes(entries.slice(index * 256, index * 256 + width)));
  return files;
}

/** Audits one log with its own key, unless told otherwise. */
export function audited(log: ForgedLog, more: Partial<LedgerAudit> = {}): Promise<AuditReport> {
  return auditLedger({
    logs: [{ number: 1, source: log }],
    keys: [verifierKey(log.vkey)],
    kept: [],
    witnesses: null,
    database: null,
    live: false,
    now: () => 2_000_000_000_000,
    progress: () => {},
    ...more,
  });
}

/** Problems as short texts: `changed bundle 17..17`. */
export function told(
  report: { readonly findings: readonly Finding[] },
  kind: Finding['kind'] = 'problem',
): string[] {
  return report.findings
    .filter((one) => one.kind === kind)
    .map(({ code, copy, from, to }) =>
      [code, copy, ...(from === undefined ? [] : [`${from}..${to}`])].join(' '),
    );
}
