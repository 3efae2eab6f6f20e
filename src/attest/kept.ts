import { join } from 'node:path';
import { readFacts } from '../admission/decide-listing.ts';
import { type EvidenceFile, NoEvidence, readEvidenceFile } from '../cli/evidence-file.ts';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import { tarballName } from '../ecosystems/npm/filenames.ts';
import { openLedgerReader } from '../ledger/open.ts';
import type { ArtifactId, PackageId } from '../model/artifact.ts';
import type { ArtifactDigests, Digest } from '../model/digest.ts';
import type { PackageFacts } from '../model/facts.ts';
import { openEvidenceShelf } from '../vault/evidence-shelf.ts';
import type { EvidenceRef } from '../vault/vault.ts';
import { checkEvidence } from '../verify/evidence.ts';
import type { Trust } from '../verify/trust.ts';
import { type Exhibit, NOTHING_SEEN } from './exhibit.ts';
import { UsageError } from './usage.ts';

/** What is asked for: a version of a package. */
interface Version {
  readonly id: PackageId;
  readonly version: string;
  readonly scheme: Ecosystem;
}

/**
 * Every document that the vault keeps for `NAME@VERSION`, each with the digests under which the artifact was first
 * admitted, where the ledger knows them, else those that it is kept under. Needs neither the artifact nor the network.
 */
export async function keptExhibits(
  config: Config,
  subject: string,
  ecosystem: string,
  { trust, now, say }: { readonly trust: Trust; readonly now: number; say(line: string): void },
): Promise<Exhibit[]> {
  const wanted = versionOf(subject, ecosystem);
  const shelf = openEvidenceShelf({ dir: config.vault ?? join(config.data, 'vault') });
  const facts = await factsOf(config, wanted.id, say);
  const exhibits: Exhibit[] = [];
  for (const ref of await shelf.of(wanted.id)) {
    const bytes = await shelf.get(ref.document);
    const admitted = admittedAs(wanted, facts, ref.artifact);
    // What is gone cannot say which version it is of: that is known where an artifact of it was admitted.
    if (!bytes) {
      if (admitted) exhibits.push(exhibitOf(ref, null, admitted));
      continue;
    }
    if (ref.kind === 'npm-signatures') {
      const exhibit = exhibitOf(ref, bytes, admitted ?? signedAs(wanted, ref.artifact));
      // It names no version itself, but is good for one only.
      if (admitted || isGood(trust, { ...exhibit, bytes }, now)) exhibits.push(exhibit);
      continue;
    }
    const file = documentOf(bytes);
    if (!file && admitted) exhibits.push(exhibitOf(ref, bytes, admitted));
    if (!file || wanted.scheme.versions.compare(file.artifact.version, wanted.version) !== 0) continue;
    exhibits.push(exhibitOf(ref, bytes, admitted ?? listedAs(file, facts, ref.artifact)));
  }
  return exhibits;
}

function versionOf(subject: string, id: string): Version {
  const scheme = ECOSYSTEMS.find((one) => one.id === id);
  if (!scheme) throw new UsageError(`--package is one of ${ECOSYSTEMS.map((one) => one.id).join(', ')}`);
  const split = Math.max(subject.lastIndexOf('@'), subject.lastIndexOf('==') + 1);
  const name = scheme.versions.canonicalName(subject.slice(0, split).replace(/=$/, ''));
  const version = scheme.versions.parseVersion(subject.slice(split + 1));
  if (split <= 0 || !name || !version) throw new UsageError(`this is no NAME@VERSION of ${id}: ${subject}`);
  return { id: { ecosystem: scheme.id, name }, version, scheme };
}

async function factsOf(config: Config, id: PackageId, say: (line: string) => void): Promise<PackageFacts> {
  try {
    const reader = await openLedgerReader({ dir: config.data });
    try {
      return readFacts(await reader.memory.packageFacts(id));
    } finally {
      await reader.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`sallyport: not held to what the ledger remembers: ${why}`);
    return new Map();
  }
}

/** An artifact, and what a retired key's signature is judged by. */
type Held = Pick<Exhibit, 'artifact' | 'claimedAt' | 'neverAbsent' | 'bound'>;

/** The file of this version that was first admitted under a digest. */
function admittedAs({ id, version, scheme }: Version, facts: PackageFacts, digest: Digest): Held | null {
  for (const [filename, { first, claimedAt, firstSeen, lastAbsent }] of facts) {
    if (!first || !isOf(first, digest)) continue;
    const parsed = scheme.parseFilename(id.name, filename);
    if (!parsed || scheme.versions.compare(parsed.version, version) !== 0) continue;
    return {
      artifact: { ...id, version: parsed.version, filename, ...first },
      claimedAt,
      neverAbsent: firstSeen !== null && lastAbsent === null,
      bound: 'ledger',
    };
  }
  return null;
}

/** What a document says of itself, but with the digests under which its file was first admitted, if it was. */
function listedAs({ artifact }: EvidenceFile, facts: PackageFacts, digest: Digest): Held {
  const first = facts.get(artifact.filename)?.first ?? null;
  return {
    artifact: { ...idOf(artifact), ...(first ?? digestOf(digest)) },
    ...NOTHING_SEEN,
    bound: first ? 'ledger' : 'itself',
  };
}

function signedAs({ id, version }: Version, digest: Digest): Held {
  const artifact = { ...id, version, filename: tarballName(id.name, version), ...digestOf(digest) };
  return { artifact, ...NOTHING_SEEN, bound: 'itself' };
}

function isGood(trust: Trust, job: Exhibit & { readonly bytes: Uint8Array }, now: number): boolean {
  const { result, cause } = checkEvidence(trust, job, now);
  return result === 'verified' || cause === 'key-retired';
}

/** null for bytes that say of no artifact that they are about it. */
function documentOf(bytes: Uint8Array): EvidenceFile | null {
  try {
    return readEvidenceFile(bytes)[0] ?? null;
  } catch (error) {
    if (error instanceof NoEvidence) return null;
    throw error;
  }
}

function exhibitOf({ kind, document }: EvidenceRef, bytes: Uint8Array | null, held: Held): Exhibit {
  return { kind, document, bytes, ...held };
}

function idOf({ ecosystem, name, version, filename }: ArtifactId): ArtifactId {
  return { ecosystem, name, version, filename };
}

function digestOf(digest: Digest): Partial<ArtifactDigests> {
  return digest.startsWith('sha256:') ? { sha256: digest } : { sha512: digest };
}

function isOf({ sha256, sha512 }: ArtifactDigests, digest: Digest): boolean {
  return digest === sha256 || digest === sha512;
}
