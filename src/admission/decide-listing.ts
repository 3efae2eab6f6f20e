import type { FileView } from '../ecosystems/ecosystem.ts';
import { NO_FACTS, type PackageFacts } from '../model/facts.ts';
import type { Listing } from '../model/listing.ts';
import { decide } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import type { Withheld } from './ports.ts';

/** The decision for every file of a listing, and until when it holds. */
export interface ListingView {
  readonly files: ReadonlyMap<string, FileView>;
  /** Versions with at least one file that may be served. */
  readonly admitted: ReadonlySet<string>;
  /** Files that have another digest than when they were first admitted. */
  readonly changed: readonly { readonly filename: string; readonly version: string }[];
  readonly until: number | null;
}

/** Asks the policy for each file of an index: the same `decide` that the artifact's own request will ask. */
export function decideListing(
  policy: Policy,
  profile: string,
  listing: Listing,
  facts: PackageFacts,
  now: number,
  withheld: Withheld | null,
): ListingView {
  const files = new Map<string, FileView>();
  const admitted = new Set<string>();
  const changed: { filename: string; version: string }[] = [];
  let until: number | null = null;
  for (const file of listing.files.values()) {
    const known = facts.get(file.filename) ?? NO_FACTS;
    const decision = decide(policy, profile, {
      stage: 'listing',
      ecosystem: listing.ecosystem,
      name: listing.name,
      file,
      quarantined: listing.quarantined,
      facts: known,
      now,
    });
    const kept = withheld === null || decision.by === 'pin';
    const allowed = decision.verdict === 'allow' && kept;
    // A refusal without a reason would be a fault of ours: it stays a refusal.
    const code = allowed ? null : (decision.reasons[0]?.code ?? withheld ?? 'INTERNAL');
    files.set(file.filename, { allowed, code, metadata: allowed ? known.metadata : null });
    if (allowed) admitted.add(file.version);
    if (decision.reasons.some((r) => r.code === 'DIGEST_CHANGED')) {
      changed.push({ filename: file.filename, version: file.version });
    }
    if (decision.until !== null) until = until === null ? decision.until : Math.min(until, decision.until);
  }
  return { files, admitted, changed, until };
}

/** Reads the bytes that Memory.packageFacts gives. */
export function readFacts(bytes: Uint8Array): PackageFacts {
  return new Map(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')));
}
