import { join } from 'node:path';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { leafHash } from '../ledger/canonical.ts';
import type { StoredEntry } from '../ledger/ledger.ts';
import { openLedgerReader } from '../ledger/open.ts';
import { type Digest, parseDigest } from '../model/digest.ts';
import { CAUSES, type Cause, type EvidenceKind } from '../model/evidence.ts';
import type { CheckResult } from '../model/verdict.ts';
import { keptTrust } from '../trust/kept.ts';
import { openEvidenceShelf } from '../vault/evidence-shelf.ts';
import { at } from '../verify/json-path.ts';
import type { Trust } from '../verify/trust.ts';
import type { Exhibit } from './exhibit.ts';
import { UsageError } from './usage.ts';

/** What a ledger entry says of evidence, with the documents that it names. */
export interface EntryEvidence {
  readonly exhibits: readonly Exhibit[];
  /** When it was decided, ms since 1970: keys and certificates are judged as of then. */
  readonly time: number;
  /** What was trusted then, by the digests that the entry has; null for what the vault does not have. */
  readonly trusted: ReadonlyMap<Digest, Trust | null>;
  /** The entry had no room for all that there was. */
  readonly cut: boolean;
}

/**
 * The evidence that an entry names, by number or leaf hash; null where there is no such entry. Its documents come from
 * the vault, and its artifact's digests from the entry itself, so that the artifact need not be there any more.
 * Rejects where the ledger or the vault cannot be read, and where the entry's bytes are not those of its leaf.
 */
export async function entryEvidence(config: Config, wanted: string): Promise<EntryEvidence | null> {
  const found = await entryOf(config, wanted);
  if (!found) return null;
  if (leafHash(found.bytes) !== found.leaf) throw new Error(`entry ${wanted} is not what its leaf hash says`);
  return evidenceOf(config, JSON.parse(found.bytes));
}

/** The same of an entry that was read already. */
export async function evidenceOf(
  config: Pick<Config, 'data' | 'vault'>,
  entry: unknown,
): Promise<EntryEvidence> {
  const shelf = openEvidenceShelf({ dir: config.vault ?? join(config.data, 'vault') });
  const exhibits: Exhibit[] = [];
  const trusted = new Map<Digest, Trust | null>();
  const looks = [
    { checks: at(entry, 'checks'), digests: entry, trust: digestAt(entry, 'facts', 'trust') },
    // A decision that was made without a look of its own names the last one.
    {
      checks: at(entry, 'facts', 'evidence', 'checks'),
      digests: at(entry, 'facts', 'evidence'),
      trust: digestAt(entry, 'facts', 'evidence', 'trust'),
    },
  ];
  for (const { checks, digests, trust } of looks) {
    for (const check of Array.isArray(checks) ? checks : []) {
      for (const exhibit of namedBy(check, entry, digests, trust)) {
        if (exhibits.some((one) => one.document === exhibit.document)) continue;
        exhibits.push({ ...exhibit, bytes: await shelf.get(exhibit.document) });
        if (trust && !trusted.has(trust)) trusted.set(trust, await keptTrust(shelf, trust));
      }
    }
  }
  const time = at(entry, 'time');
  return {
    exhibits,
    time: typeof time === 'number' ? time : 0,
    trusted,
    cut: at(entry, 'evidenceCut') === 'yes',
  };
}

async function entryOf(config: Config, wanted: string): Promise<StoredEntry | null> {
  const seq = /^\d{1,15}$/.test(wanted) ? Number(wanted) : null;
  if (seq === null && !/^[0-9a-f]{64}$/.test(wanted))
    throw new UsageError('--entry is the number of an entry, or its leaf hash');
  const reader = await openLedgerReader({ dir: config.data });
  try {
    const filter = seq === null ? { leaf: wanted } : { after: seq - 1, limit: 1 };
    for await (const entry of reader.query(filter)) {
      if (entry.seq === seq || entry.leaf === wanted) return entry;
    }
    return null;
  } finally {
    await reader.close();
  }
}

/** The documents of one check. What is not of the form that entries have names none. */
function namedBy(
  check: unknown,
  entry: unknown,
  digests: unknown,
  trust: Digest | null,
): Omit<Exhibit, 'bytes'>[] {
  const documents = at(check, 'documents');
  const ecosystem = ECOSYSTEMS.find(({ id }) => id === at(entry, 'ecosystem'));
  const [rawName, version, file] = [at(entry, 'name'), at(entry, 'version'), at(entry, 'file')];
  const name = typeof rawName === 'string' ? ecosystem?.versions.canonicalName(rawName) : null;
  const [result, cause] = [resultOf(at(check, 'result')), causeOf(at(check, 'cause'))];
  if (!Array.isArray(documents) || !ecosystem || !name || !result) return [];
  const kind: EvidenceKind =
    at(check, 'check') === 'registry-signature' ? 'npm-signatures' : ecosystem.attestations.kind;
  const [sha256, sha512] = [digestAt(digests, 'sha256'), digestAt(digests, 'sha512')];
  const artifact = {
    ecosystem: ecosystem.id,
    name,
    version: typeof version === 'string' ? version : '',
    filename: typeof file === 'string' ? file : '',
    ...(sha256 && { sha256 }),
    ...(sha512 && { sha512 }),
  };
  const facts = at(entry, 'facts');
  const claimedAt = at(facts, 'claimedAt');
  return documents.flatMap((one: unknown) => {
    const document = typeof one === 'string' ? parseDigest(one) : null;
    if (!document) return [];
    return {
      kind,
      document,
      artifact,
      claimedAt: typeof claimedAt === 'number' ? claimedAt : null,
      neverAbsent: typeof at(facts, 'firstSeen') === 'number' && at(facts, 'lastAbsent') === undefined,
      bound: 'entry',
      before: { result, ...(cause && { cause }), trust },
      refused: at(entry, 'verdict') === 'refuse',
    };
  });
}

function digestAt(value: unknown, ...path: readonly string[]): Digest | null {
  const text = at(value, ...path);
  return typeof text === 'string' ? parseDigest(text) : null;
}

const RESULTS: readonly CheckResult[] = ['verified', 'failed', 'absent', 'unchecked'];

function resultOf(value: unknown): CheckResult | undefined {
  return RESULTS.find((result) => result === value);
}

const CAUSE_NAMES = Object.keys(CAUSES) as Cause[];

function causeOf(value: unknown): Cause | undefined {
  return CAUSE_NAMES.find((cause) => cause === value);
}
