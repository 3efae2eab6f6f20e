import { setImmediate } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { PolicyOpening } from '../policy/language/open.ts';
import { type Plan, type PlanPiece, planOf } from '../policy/language/plan.ts';
import type { Policy, PolicySource } from '../policy/policy.ts';
import { packedPolicy } from '../replay/kept-policies.ts';

/**
 * A policy's plan in pieces that every thread can open for itself: each is one `PlanPiece`, written by `v8.serialize`
 * into memory that threads share, so that none is copied on its way. The texts of the files are not among them.
 */
export type PolicyPieces = readonly Uint8Array[];

/** A policy in this thread, and what another one needs to open the same. Without its sources, which nobody reads here. */
export interface LoadedPolicy extends Policy {
  readonly pieces: PolicyPieces;
  /** Its files, to be kept under its digest (replay/kept-policies.ts). */
  readonly packed: Uint8Array;
}

/** Each piece when it is asked for: whoever sends them on can let go of the one before. */
export function* packed({ pieces }: Plan): Generator<Uint8Array> {
  for (const piece of pieces) {
    const bytes = serialize(piece.kind === 'head' ? { ...piece, sources: [] } : piece);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
    shared.set(bytes);
    yield shared;
  }
}

/** Opens a policy a piece at a time, with the event loop in between. Rejects where a piece is missing. */
export async function opened(pieces: PolicyPieces): Promise<Policy> {
  const opening = new PolicyOpening(ECOSYSTEMS.map((one) => one.versions));
  for (const bytes of pieces) {
    // What our own threads wrote: `opening` checks their order and number.
    opening.add(deserialize(bytes) as PlanPiece);
    await setImmediate();
  }
  return opening.finish();
}

/** All in this thread, at once. Throws PolicyError. */
export async function loadedHere(sources: readonly PolicySource[]): Promise<LoadedPolicy> {
  const plan = planOf(
    sources,
    ECOSYSTEMS.map((one) => one.versions),
  );
  const pieces = [...packed(plan)];
  return { ...(await opened(pieces)), pieces, packed: packedPolicy(sources) };
}
