import { Bundle } from '@sigstore/protobuf-specs';
import { type Alteration, alterationsOf } from './alter.ts';
import { at, isObject, type Json, nameOf, type Path, placesOf, withKeyTwice, withValue } from './json.ts';
import { type Field, fieldsOf } from './schema.ts';
import type { Attestation, Specimen } from './specimens.ts';

/** One altered document. */
export interface Case {
  readonly specimen: Specimen;
  /** `slsa: dsseEnvelope.payload`, or `document: attestations[].predicateType` for what is outside of any bundle. */
  readonly field: string;
  /** The field of the protobuf message that this is in, for a place in a bundle or in what holds the same. */
  readonly schema: string | null;
  readonly how: string;
  readonly document: Json | string;
  /** By the rules of protobuf JSON it says the very same as before: a default spelt out, a field that is not known. */
  readonly sameMeaning: boolean;
}

/** Where PEP 740 has what a bundle has elsewhere. */
const PEP_740: readonly (readonly [string, string])[] = [
  ['verification_material.certificate', 'verificationMaterial.certificate.rawBytes'],
  ['verification_material.transparency_entries', 'verificationMaterial.tlogEntries'],
  ['verification_material', 'verificationMaterial'],
  ['envelope.statement', 'dsseEnvelope.payload'],
  ['envelope.signature', 'dsseEnvelope.signatures[].sig'],
  ['envelope', 'dsseEnvelope'],
];

/** Every place in a specimen altered in every way, and every field of a bundle that it does not have put in. */
export function casesOf(specimen: Specimen): readonly Case[] {
  const made = CASES.get(specimen) ?? [
    ...altered(specimen),
    ...exchanged(specimen),
    ...twice(specimen),
    ...added(specimen),
  ];
  CASES.set(specimen, made);
  return made;
}

/** Several tests look at them. */
const CASES = new WeakMap<Specimen, readonly Case[]>();

function altered(specimen: Specimen): Case[] {
  return placesOf(specimen.document).flatMap(({ path, value }) =>
    alterationsOf(value, at(specimen.twin, path)).map((one) => caseOf(specimen, path, one)),
  );
}

function caseOf(specimen: Specimen, path: Path, { how, within, value }: Alteration): Case {
  const { attestation, field, schema } = placed(specimen, path);
  const document = withValue(specimen.document, path, value);
  return {
    specimen,
    field: field + within,
    schema,
    how,
    document,
    sameMeaning: attestation !== null && meansTheSame(specimen, document, attestation),
  };
}

/** Every part of one attestation taken from the other attestation of the same document. */
function exchanged(specimen: Specimen): Case[] {
  return specimen.attestations.flatMap((own) =>
    specimen.attestations
      .filter((other) => other !== own)
      .flatMap((other) =>
        placesOf(at(specimen.document, own.path) ?? null).flatMap(({ path, value }) => {
          const foreign = at(specimen.document, [...other.path, ...path]);
          if (foreign === undefined || JSON.stringify(foreign) === JSON.stringify(value)) return [];
          const how = `as in the ${other.what} attestation`;
          return [caseOf(specimen, [...own.path, ...path], { how, within: '', value: foreign })];
        }),
      ),
  );
}

/** Each key of the document twice in its text: readers differ in which they take. */
function twice(specimen: Specimen): Case[] {
  return placesOf(specimen.document)
    .filter(({ path }) => typeof path.at(-1) === 'string')
    .flatMap(({ path, value }) =>
      [value, at(specimen.twin, path) ?? null].map((again) => ({
        specimen,
        ...placed(specimen, path),
        how: 'key twice',
        document: withKeyTwice(specimen.document, path, again),
        sameMeaning: false,
      })),
    );
}

function added(specimen: Specimen): Case[] {
  return specimen.attestations
    .filter(({ form }) => form === 'bundle')
    .flatMap((attestation) =>
      BUNDLE_FIELDS.filter(({ path }) => !has(at(specimen.document, attestation.path), path)).map(
        ({ path, type }) => {
          const document = withField(specimen.document, attestation.path, path, SAMPLES[type]);
          return {
            specimen,
            field: `${attestation.what}: ${path}`,
            schema: path,
            how: 'put in',
            document,
            sameMeaning: meansTheSame(specimen, document, attestation),
          };
        },
      ),
    );
}

/** Fields that no evidence has, because it is always a DSSE envelope: they are only put in. */
export const NEVER_THERE = 'messageSignature';

export const BUNDLE_FIELDS: readonly Field[] = fieldsOf('sigstore_bundle', 'Bundle');

const SAMPLES: Readonly<Record<Field['type'], Json>> = {
  string: 'SHA256:none',
  bytes: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  number: 1,
  boolean: true,
  date: '2026-01-01T00:00:00Z',
  enum: 1,
  message: {},
};

/** Those fields of a message that no case is about. */
export function uncovered(
  fields: readonly Field[],
  cases: readonly Pick<Case, 'schema' | 'how'>[],
): string[] {
  const altered = new Set(cases.filter(({ how }) => how !== 'put in').map(({ schema }) => schema));
  const putIn = new Set(cases.filter(({ how }) => how === 'put in').map(({ schema }) => schema));
  return fields
    .map(({ path }) => path)
    .filter((path) => !(path.startsWith(NEVER_THERE) ? putIn : altered).has(path));
}

function placed(
  { attestations }: Specimen,
  path: Path,
): { attestation: Attestation | null; field: string; schema: string | null } {
  const attestation = attestations.find((one) => one.path.every((key, index) => path[index] === key));
  if (!attestation || attestation.path.length === path.length) {
    return { attestation: null, field: `document: ${nameOf(path)}`, schema: null };
  }
  const own = nameOf(path.slice(attestation.path.length));
  const renamed = attestation.form === 'pep740' ? PEP_740.find(([name]) => own.startsWith(name)) : undefined;
  return {
    attestation,
    field: `${attestation.what}: ${own}`,
    schema: attestation.form === 'bundle' ? own : renamed ? renamed[1] + own.slice(renamed[0].length) : null,
  };
}

function meansTheSame(specimen: Specimen, after: Json, attestation: Attestation): boolean {
  if (attestation.form !== 'bundle') return false;
  const known = MEANINGS.get(specimen) ?? new Map<Attestation, string | null>();
  MEANINGS.set(specimen, known);
  const meaning = known.get(attestation) ?? meaningOf(specimen.document, attestation);
  known.set(attestation, meaning);
  return meaning !== null && meaning === meaningOf(after, attestation);
}

/** What the attestations of a specimen say as they were minted. */
const MEANINGS = new WeakMap<Specimen, Map<Attestation, string | null>>();

function meaningOf(document: Json, { path }: Attestation): string | null {
  try {
    const { verificationMaterial, ...others } = Bundle.fromJSON(at(document, path));
    // A list of timestamps that is empty, and none.
    const timestamps = verificationMaterial?.timestampVerificationData?.rfc3161Timestamps ?? [];
    return JSON.stringify([{ ...verificationMaterial, timestampVerificationData: timestamps }, others]);
  } catch {
    return null;
  }
}

function has(value: Json | undefined, field: string): boolean {
  return placesOf(value ?? null).some(({ path }) => nameOf(path) === field);
}

/** The document with a field of a bundle in it; lists and messages on the way to it are made where there are none. */
function withField(document: Json, base: Path, field: string, value: Json): Json {
  const steps = field.split('.').flatMap((step) => (step.endsWith('[]') ? [step.slice(0, -2), 0] : [step]));
  let made = document;
  steps.forEach((step, index) => {
    const path = [...base, ...steps.slice(0, index)];
    const holder = at(made, path);
    if (typeof step === 'number' ? !Array.isArray(holder) : !isObject(holder)) {
      made = withValue(made, path, typeof step === 'number' ? [] : {});
    }
  });
  return withValue(made, [...base, ...steps], value);
}
