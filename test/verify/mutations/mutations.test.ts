import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import { certificateFacts, FULCIO_ARC, RUN } from '../../harness/sigstore-signer.ts';
import { mintWorld, type World } from '../../harness/sigstore-world.ts';
import { BUNDLE_FIELDS, type Case, casesOf, NEVER_THERE, uncovered } from './cases.ts';
import { EXEMPTIONS, type Exemption, exemptionOf } from './exemptions.ts';
import { type Json, placesOf } from './json.ts';
import { judge } from './judge.ts';
import { fieldsOf, readDeclarations } from './schema.ts';
import { jobOf, mintSpecimens, type Specimen } from './specimens.ts';

let world: World;
let trust: Trust;
let specimens: Specimen[];
const needed = new Set<Exemption>();
let altered = 0;
const names = new Set<string>();

beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
  specimens = await mintSpecimens(world);
});

afterAll(() => {
  console.log(
    `mutations: ${BUNDLE_FIELDS.length} fields of a bundle, ${names.size} places, ${altered} documents altered`,
  );
});

const SPECIMENS = 6;

test('as they were minted, all specimens verify', () => {
  expect(specimens).toHaveLength(SPECIMENS);
  for (const specimen of specimens) {
    expect(judge(trust, jobOf(specimen, specimen.document), world.now), specimen.name).toMatchObject({
      refused: null,
    });
  }
});

test.each(Array.from({ length: SPECIMENS }, (_, index) => index))(
  'a specimen that is altered in one field is refused: specimen %i',
  (index) => {
    const specimen = specimens[index];
    if (!specimen) throw new Error('no such specimen');
    const before = judge(trust, jobOf(specimen, specimen.document), world.now);
    const holes = casesOf(specimen).flatMap((one) => {
      altered++;
      names.add(one.field);
      const outcome = judge(trust, jobOf(specimen, one.document), world.now);
      if (outcome.refused !== null) return [];
      const exemption = exemptionOf(EXEMPTIONS, { ...one, of: specimen.name });
      if (exemption && !one.sameMeaning) needed.add(exemption);
      const same = exemption?.repeats
        ? within(textsOf(outcome.signers), textsOf(before.signers ?? []))
        : JSON.stringify(outcome.signers) === JSON.stringify(before.signers);
      const stated = within(statementsOf(one.document), statementsOf(specimen.document));
      return same && stated && (one.sameMeaning || exemption) ? [] : [said(one)];
    });
    expect(holes).toEqual([]);
  },
  120_000,
);

test('every exemption is needed', () => {
  expect(EXEMPTIONS.filter((one) => !needed.has(one))).toEqual([]);
});

test('every field of the protobuf schema has a case, and one without any is noticed', () => {
  const cases = specimens.flatMap(casesOf);
  expect(uncovered(BUNDLE_FIELDS, cases)).toEqual([]);
  for (const { path } of BUNDLE_FIELDS) {
    const others = cases.filter(({ schema }) => schema !== path);
    expect(uncovered(BUNDLE_FIELDS, others)).toEqual([path]);
  }
});

test('a field that the schema gains has no case, and is noticed', () => {
  const fields = fieldsOf('sigstore_bundle', 'Bundle', (module) =>
    readDeclarations(module).replace(
      '    checkpoint: Checkpoint',
      '    witness: Buffer[];\n    checkpoint: Checkpoint',
    ),
  );
  expect(uncovered(fields, specimens.flatMap(casesOf))).toEqual([
    'verificationMaterial.tlogEntries[].inclusionProof.witness[]',
  ]);
});

test("every extension of a certificate has a case, and Fulcio's each are minted otherwise too", () => {
  const cases = specimens.flatMap(casesOf);
  const found = new Set<string>();
  for (const [, oid] of cases.flatMap(({ field }) => [...field.matchAll(/\(([0-9.]+)\)/g)]))
    found.add(oid ?? '');
  const facts = Object.keys(certificateFacts(RUN).extensions);
  expect(facts.map(Number)).toEqual([
    1,
    2,
    3,
    4,
    5,
    6,
    ...Array.from({ length: 17 }, (_, index) => index + 8),
  ]);
  for (const number of facts) expect(found).toContain(`${FULCIO_ARC}.${number}`);
  // Key usage, subject and authority key, alternative name, extended key usage, certificate timestamps.
  for (const oid of [
    '2.5.29.15',
    '2.5.29.14',
    '2.5.29.35',
    '2.5.29.17',
    '2.5.29.37',
    '1.3.6.1.4.1.11129.2.4.2',
  ]) {
    expect(found).toContain(oid);
  }
});

test('the schema is read whole', () => {
  const paths = BUNDLE_FIELDS.map(({ path }) => path);
  expect(paths).toContain('verificationMaterial.x509CertificateChain.certificates[].rawBytes');
  expect(paths).toContain('verificationMaterial.tlogEntries[].inclusionProof.checkpoint.envelope');
  expect(paths).toContain('dsseEnvelope.signatures[].keyid');
  expect(paths.filter((path) => path.startsWith(NEVER_THERE))).toContain(
    'messageSignature.messageDigest.algorithm',
  );
});

function within(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  return [...some].every((one) => all.has(one));
}

function textsOf(values: readonly unknown[]): Set<string> {
  return new Set(values.map((value) => JSON.stringify(value)));
}

/** The bytes of the signed statements in a document. */
function statementsOf(document: Json | string): Set<string> {
  const places = placesOf(typeof document === 'string' ? JSON.parse(document) : document);
  return textsOf(
    places
      .filter(({ path }) => path.at(-1) === 'payload' || path.at(-1) === 'statement')
      .map(({ value }) => Buffer.from(String(value), 'base64').toString('hex')),
  );
}

function said({ specimen, field, how }: Case): string {
  return `${specimen.name} | ${field} | ${how}`;
}
