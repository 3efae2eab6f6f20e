import type { TransparencyLogEntry } from '@sigstore/bundle';
import { EvidenceFault } from '../fault.ts';
import { at } from '../json-path.ts';
import { readStrictJson } from '../strict-json.ts';
import { base64, pem } from './log-value.ts';

/** Kind and version of an entry → where its body has the certificate or key that it was logged with. */
const VERIFIERS: Readonly<Record<string, (spec: unknown) => Uint8Array | null>> = {
  'dsse 0.0.1': (spec) => pem(at(spec, 'signatures', 0, 'verifier')),
  'intoto 0.0.2': (spec) => pem(at(spec, 'content', 'envelope', 'signatures', 0, 'publicKey')),
  'hashedrekord 0.0.1': (spec) => pem(at(spec, 'signature', 'publicKey', 'content')),
  'dsse 0.0.2': (spec) => rawVerifier(at(spec, 'dsseV002', 'signatures', 0, 'verifier')),
  'hashedrekord 0.0.2': (spec) => rawVerifier(at(spec, 'hashedRekordV002', 'signature', 'verifier')),
};

/** What is signed, as far as it can be told from the entry alone: whole numbers, a body of a known kind. */
export function requireReadable(entry: TransparencyLogEntry): void {
  const { inclusionProof: proof } = entry;
  const numbers = [entry.logIndex, entry.integratedTime, ...(proof ? [proof.logIndex, proof.treeSize] : [])];
  if (!numbers.every(isCount)) throw new EvidenceFault('log-entry');
  if (proof && !proof.checkpoint) throw new EvidenceFault('log-proof');
  if (entry.inclusionPromise === undefined) {
    // Nothing else vouches for these two: they say nothing, or what the proof says.
    if (!proof || entry.integratedTime !== '0') throw new EvidenceFault(proof ? 'timestamp' : 'log-proof');
    if (entry.logIndex !== proof.logIndex) throw new EvidenceFault('log-entry');
  }
  readBody(entry);
}

/** The certificate or public key (DER) that an entry was logged with; its kind is known. */
export function verifierOf(entry: TransparencyLogEntry): Uint8Array {
  const { kind, version } = entry.kindVersion;
  const verifier = VERIFIERS[`${kind} ${version}`]?.(at(readBody(entry), 'spec'));
  if (!verifier) throw new EvidenceFault('log-entry');
  return verifier;
}

/**
 * Holds an inclusion proof's own words on its tree to the checkpoint's, which the library verified and reckoned
 * with. Source: C2SP tlog-checkpoint, "Note text".
 */
export function requireSameTree({ inclusionProof: proof }: TransparencyLogEntry): void {
  if (!proof) return;
  const [, size, hash] = (proof.checkpoint?.envelope ?? '').split('\n');
  if (size !== proof.treeSize || hash !== proof.rootHash.toString('base64'))
    throw new EvidenceFault('log-proof');
}

function readBody(entry: TransparencyLogEntry): unknown {
  const { kind, version } = entry.kindVersion;
  if (!Object.hasOwn(VERIFIERS, `${kind} ${version}`)) throw new EvidenceFault('log-entry');
  try {
    return readStrictJson(entry.canonicalizedBody);
  } catch {
    throw new EvidenceFault('log-entry');
  }
}

/** Rekor v2 has bytes where Rekor v1 has PEM. */
function rawVerifier(verifier: unknown): Uint8Array | null {
  const forms = ['x509Certificate', 'publicKey'].map((form) => base64(at(verifier, form, 'rawBytes')));
  const [found, ...others] = forms.filter((bytes) => bytes !== null);
  return found && others.length === 0 ? found : null;
}

/** A number as protobuf's JSON has it, small enough to be one for JavaScript. */
function isCount(text: string): boolean {
  return /^(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text));
}
