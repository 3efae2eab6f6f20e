import { verify } from 'node:crypto';
import { type Digest, sriOf } from '../../model/digest.ts';
import type { EvidenceJob, RegistrySignature } from '../../model/evidence.ts';
import { decodeBase64 } from '../base64.ts';
import { EvidenceFault } from '../fault.ts';
import { at } from '../json-path.ts';
import { readStrictJson } from '../strict-json.ts';
import type { Trust } from '../trust.ts';
import type { RegistryKey } from './registry-keys.ts';

/** What a registry signs. `sha512` is of the bytes, or what the index declares where a page is written. */
export interface SignedArtifact {
  readonly name: string;
  readonly version: string;
  readonly sha512: Digest;
}

/** As many as an index's are read. */
const MAX_SIGNATURES = 8;

/**
 * Checks `{"signatures":[{"keyid","sig"},…]}` over `name@version:integrity`, the integrity being what we computed
 * (npm, "ECDSA registry signatures"). One good signature is enough, unless another that names a pinned key, of
 * whatever time, does not verify: a registry makes no such thing, so somebody else had a hand in it. Signatures by
 * keys that are not pinned count neither way.
 *
 * A retired key signed long ago or was stolen since: its signature counts only for a version that we never saw
 * absent and that was claimed to be published before the key's end. The claim is the registry's, and behind a mirror
 * the mirror's, therefore it is recorded.
 * @returns `key-retired` where only a retired key vouches for the artifact, else null
 * @throws EvidenceFault
 */
export function checkRegistrySignatures(trust: Trust, job: EvidenceJob, now: number): 'key-retired' | null {
  const { name, version, sha512 } = job.artifact;
  if (sha512 === undefined) throw new EvidenceFault('subject-digest');
  const standings = readSignatures(job.bytes).map((signature) =>
    standingOf(trust, { name, version, sha512 }, signature, now),
  );
  if (standings.some((standing) => standing.is === 'signature')) throw new EvidenceFault('signature');
  if (standings.some((standing) => standing.is === 'good')) return null;
  const { claimedAt, neverAbsent } = job;
  const beforeEnd = (end: number): boolean => neverAbsent && claimedAt !== null && claimedAt < end;
  if (standings.some((standing) => standing.is === 'key-retired' && beforeEnd(standing.end)))
    return 'key-retired';
  const causes = ['key-retired', 'key-time', 'key-usage'] as const;
  throw new EvidenceFault(
    causes.find((cause) => standings.some((standing) => standing.is === cause)) ?? 'key-unknown',
  );
}

/**
 * Those signatures that may be passed on: the signature verifies over `name@version` and this sha512, by a key
 * that is pinned for signatures, is not revoked, and whose time has begun at `now` (ms). A retired key's pass too:
 * npm compares `expires` with the version's time itself, and without them it would call every older version unsigned.
 */
export function verifiedSignatures(
  trust: Pick<Trust, 'keys'>,
  artifact: SignedArtifact,
  signatures: readonly RegistrySignature[],
  now: number,
): readonly RegistrySignature[] {
  return signatures.filter((signature) => {
    const { is } = standingOf(trust, artifact, signature, now);
    return is === 'good' || is === 'key-retired';
  });
}

/** `good`, or the cause why a signature is not. */
type Standing =
  | { readonly is: 'good' | 'signature' | 'key-unknown' | 'key-usage' | 'key-time' }
  | { readonly is: 'key-retired'; readonly end: number };

function standingOf(
  trust: Pick<Trust, 'keys'>,
  artifact: SignedArtifact,
  { keyid, sig }: RegistrySignature,
  now: number,
): Standing {
  const key = trust.keys.find(keyid, 'npm:signatures');
  if (key === null) return { is: trust.keys.knows(keyid) ? 'key-usage' : 'key-unknown' };
  if (!holds(key, artifact, sig)) return { is: 'signature' };
  if (now < key.start) return { is: 'key-time' };
  return key.end !== null && key.end <= now ? { is: 'key-retired', end: key.end } : { is: 'good' };
}

function holds({ key }: RegistryKey, { name, version, sha512 }: SignedArtifact, sig: string): boolean {
  const signature = decodeBase64(sig);
  const message = Buffer.from(`${name}@${version}:${sriOf(sha512)}`);
  return signature !== null && verify('sha256', message, { key, dsaEncoding: 'der' }, signature);
}

function readSignatures(bytes: Uint8Array): RegistrySignature[] {
  const list = at(readStrictJson(bytes), 'signatures');
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_SIGNATURES) {
    throw new EvidenceFault('malformed');
  }
  return list.map((entry: unknown) => {
    const keyid = at(entry, 'keyid');
    const sig = at(entry, 'sig');
    if (typeof keyid !== 'string' || typeof sig !== 'string') throw new EvidenceFault('malformed');
    return { keyid, sig };
  });
}
