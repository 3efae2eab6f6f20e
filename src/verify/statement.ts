import type { ArtifactDigests } from '../model/digest.ts';
import { algorithmOf, hexOf } from '../model/digest.ts';
import { EvidenceFault } from './fault.ts';
import { at, isObject, type JsonObject } from './json-path.ts';
import type { VerifiedBundle } from './sigstore/bundle.ts';
import { readStrictJson } from './strict-json.ts';

const STATEMENT_TYPES: readonly unknown[] = [
  'https://in-toto.io/Statement/v0.1',
  'https://in-toto.io/Statement/v1',
];

/** An in-toto statement (v0.1 or v1) about exactly one artifact. */
export interface Statement {
  readonly predicateType: string;
  readonly subject: Subject;
  /** Undefined where there is none. */
  readonly predicate: unknown;
}

export interface Subject {
  readonly name: string;
  /** Algorithm → lower-case hex, as it stands there. */
  readonly digest: JsonObject;
}

/** Reads the statement that a bundle's signature is over, and nothing that it is not. @throws EvidenceFault */
export function readStatement(bundle: VerifiedBundle): Statement {
  const statement = readStrictJson(bundle.payload);
  if (!STATEMENT_TYPES.includes(at(statement, '_type'))) throw new EvidenceFault('payload-type');
  const predicateType = at(statement, 'predicateType');
  if (typeof predicateType !== 'string') throw new EvidenceFault('predicate-type');
  const subjects = at(statement, 'subject');
  if (!Array.isArray(subjects) || subjects.length !== 1) throw new EvidenceFault('subject-count');
  const [subject]: unknown[] = subjects;
  const name = at(subject, 'name');
  if (typeof name !== 'string') throw new EvidenceFault('subject-name');
  const digest = at(subject, 'digest');
  if (!isObject(digest)) throw new EvidenceFault('subject-digest');
  return { predicateType, subject: { name, digest }, predicate: at(statement, 'predicate') };
}

/**
 * Holds a subject to bytes: their digest of the required algorithm must be there, and whatever else is there must be
 * of an algorithm of which we know one too, and agree. @throws EvidenceFault
 */
export function matchDigest(
  subject: Subject,
  required: keyof ArtifactDigests,
  { sha256, sha512 }: Partial<ArtifactDigests>,
): void {
  const known = new Map<string, string>();
  for (const digest of [sha256, sha512]) {
    if (digest !== undefined) known.set(algorithmOf(digest), hexOf(digest));
  }
  const said = Object.entries(subject.digest);
  const agrees = said.every(([algorithm, hex]) => known.has(algorithm) && known.get(algorithm) === hex);
  if (!agrees || !Object.hasOwn(subject.digest, required)) throw new EvidenceFault('subject-digest');
}
