import type { PackageName } from '../../model/artifact.ts';
import { type ListedEvidence, NO_LISTED_EVIDENCE, type RegistrySignature } from '../../model/evidence.ts';
import type { FileView } from '../ecosystem.ts';
import { isObject, type JsonObject, own } from './json.ts';

/** The path under which npm's routes lie; its last slash belongs to the root as well. */
export const MOUNT = '/npm/';

/** Where a registry keeps the attestations of its versions, below its base. */
const ATTESTATIONS = '-/npm/v1/attestations/';

const KEY_ID = /^SHA256:[A-Za-z0-9+/]{43}=?$/;
const SIGNATURE = /^[A-Za-z0-9+/]{16,512}={0,2}$/;
const MAX_SIGNATURES = 8;

/**
 * What `dist` claims of evidence. A claim of a shape that no registry writes is a claim all the same: it can only
 * tighten. The address that stands beside the attestations is not kept; where they lie is npm's own convention.
 */
export function readEvidence(name: PackageName, version: string, dist: JsonObject): ListedEvidence {
  const signatures = own(dist, 'signatures') ?? [];
  const signed = !Array.isArray(signatures) || signatures.length > 0;
  const attested = (own(dist, 'attestations') ?? null) !== null;
  if (!signed && !attested) return NO_LISTED_EVIDENCE;
  return {
    signed,
    signatures: readSignatures(signatures),
    attestations: attested ? `${ATTESTATIONS}${name.replace('/', '%2f')}@${version}` : null,
  };
}

function readSignatures(value: unknown): readonly RegistrySignature[] {
  if (!Array.isArray(value)) return [];
  const read: RegistrySignature[] = [];
  for (const one of value.slice(0, MAX_SIGNATURES)) {
    if (!isObject(one)) continue;
    const keyid = own(one, 'keyid');
    const sig = own(one, 'sig');
    if (typeof keyid !== 'string' || typeof sig !== 'string') continue;
    if (KEY_ID.test(keyid) && SIGNATURE.test(sig)) read.push({ keyid, sig });
  }
  return read;
}

/** What `dist` says of evidence in a served manifest: what was verified, and nothing else. */
export function writeEvidence(name: PackageName, version: string, base: string, view: FileView): object {
  return {
    ...(view.signatures.length > 0 && {
      signatures: view.signatures.map(({ keyid, sig }) => ({ keyid, sig })),
    }),
    ...(view.attested && {
      attestations: {
        url: attestationsUrl(name, version, base),
        // That it is there is all that clients look at: npm whether to ask for the document, pnpm whether it is
        // trusted evidence. Which version of SLSA it is the document says itself.
        provenance: { predicateType: 'https://slsa.dev/provenance/v1' },
      },
    }),
  };
}

/**
 * An address at our own host, below the root instead of the mount, because npm's routes are at both. npm's client
 * takes only the path of it (pacote, lib/registry.js): before pacote 21.4 it appends that to the registry's address,
 * since then it resolves it against the registry's host. Either way it comes to a route of ours, unless the public
 * URL has a path of its own: then only since 21.4.
 */
function attestationsUrl(name: PackageName, version: string, base: string): string {
  const root = base.endsWith(MOUNT) ? base.slice(0, 1 - MOUNT.length) : base;
  return `${root}${ATTESTATIONS}${name}@${version}`;
}
