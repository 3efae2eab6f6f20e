import { readFile } from 'node:fs/promises';
import { readFacts } from '../admission/decide-listing.ts';
import type { Withheld } from '../admission/ports.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { type Ecosystem, IndexUnreadable } from '../ecosystems/ecosystem.ts';
import type { RememberedIndex } from '../ledger/ledger.ts';
import type { PackageId } from '../model/artifact.ts';
import { type Digest, sha256 } from '../model/digest.ts';
import type { PackageFacts } from '../model/facts.ts';
import type { Listing } from '../model/listing.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { UpstreamFault } from '../upstream/upstream.ts';
import { Layout } from '../vault/layout.ts';
import type { LockHouse } from './house.ts';

/** The index of a package, or why there is none. */
export type FoundIndex =
  | { readonly kind: 'listing'; readonly listing: Listing; readonly withheld: Withheld | null }
  /** The registry knows no such package, and we never saw it. */
  | { readonly kind: 'absent' }
  /** Nothing is known. */
  | { readonly kind: 'fault'; readonly code: ReasonCode };

/** Throws where it is none of ours: nothing may be asked for in its name. */
export function ecosystemOf(id: Pick<PackageId, 'ecosystem'>): Ecosystem {
  const ecosystem = ECOSYSTEMS.find((one) => one.id === id.ecosystem);
  if (!ecosystem) throw new Error(`no ecosystem ${id.ecosystem}`);
  return ecosystem;
}

/** What the ledger remembers of a package's files. */
export async function factsOf({ reader }: Pick<LockHouse, 'reader'>, id: PackageId): Promise<PackageFacts> {
  return reader ? readFacts(await reader.memory.packageFacts(id)) : new Map();
}

/**
 * The index of a package as a request would use it (see Indexes in admission): the remembered one while it is
 * current, else the upstream's, else the remembered one as far as its age admits; what cannot be read is a fault.
 * Rejects with faults of ours only.
 */
export async function indexOf(house: LockHouse, id: PackageId): Promise<FoundIndex> {
  const { upstream, config, now } = house;
  const source = house.source(id);
  const remembered = (await house.reader?.memory.lastIndex(id)) ?? null;
  const kept = remembered?.source === source.id ? await keptIndex(house, remembered) : null;
  if (kept && isWithin(now() - kept.at, config.limits.indexTtl)) return read(id, kept.bytes, null);
  const ecosystem = ecosystemOf(id);
  const request = ecosystem.indexRequest(id.name);
  try {
    const answer = await upstream.index(source, request.path, request.accept, kept);
    switch (answer.kind) {
      case 'document':
        return read(id, Buffer.concat(answer.chunks), null);
      case 'not-modified':
        if (kept) return read(id, kept.bytes, null);
        return { kind: 'fault', code: 'UPSTREAM_FAULT' };
      case 'absent':
        return kept ? read(id, kept.bytes, 'WITHDRAWN_UPSTREAM') : { kind: 'absent' };
    }
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    if (!kept) return { kind: 'fault', code: error.code };
    const usable = isWithin(now() - kept.at, config.limits.maxIndexAge);
    return read(id, kept.bytes, usable ? null : 'INDEX_TOO_OLD');
  }
}

function read(id: PackageId, bytes: Uint8Array, withheld: Withheld | null): FoundIndex {
  try {
    return { kind: 'listing', listing: ecosystemOf(id).readIndex(id.name, bytes), withheld };
  } catch (error) {
    if (error instanceof IndexUnreadable) return { kind: 'fault', code: 'INDEX_UNREADABLE' };
    throw error;
  }
}

interface KeptIndex extends RememberedIndex {
  readonly bytes: Uint8Array;
}

/** A document of the vault, re-hashed, without opening the vault: a running firewall has it. */
async function keptIndex({ vault }: LockHouse, index: RememberedIndex): Promise<KeptIndex | null> {
  const bytes = await readFile(documentIn(vault, index.digest)).catch(() => null);
  // One that is missing or damaged is fetched anew.
  return bytes && sha256(bytes) === index.digest ? { ...index, bytes } : null;
}

function documentIn(vault: string, digest: Digest): string {
  return new Layout(vault).file('documents', digest);
}

/** An age of less than nothing is of a clock that was set back. */
function isWithin(age: number, most: number): boolean {
  return age >= 0 && age <= most;
}
