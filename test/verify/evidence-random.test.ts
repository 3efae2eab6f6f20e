import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import type { EvidenceJob, EvidenceKind, EvidenceVerdict } from '../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../src/verify/trust.ts';
import { mintWorld, type World } from '../harness/sigstore-world.ts';
import { checked, NPM, PYPI } from './checking.ts';

interface Specimen {
  readonly artifact: EvidenceJob['artifact'];
  readonly document: unknown;
}

let world: World;
let trust: Trust;
let specimens: Record<EvidenceKind, Specimen>;
beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
  const { name, version, sha512 } = NPM;
  const { filename, sha256 } = PYPI;
  const json = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());
  specimens = {
    'npm-signatures': {
      artifact: NPM,
      document: { signatures: [world.registrySignature({ name, version, integrity: sriOf(sha512) })] },
    },
    'npm-attestations': {
      artifact: NPM,
      document: json(await world.npmAttestations({ name, version, sha512 })),
    },
    'pypi-provenance': {
      artifact: PYPI,
      document: json(await world.pypiProvenance({ filename, sha256, predicates: ['publish', 'slsa'] })),
    },
  };
});

const check = (kind: EvidenceKind, bytes: Uint8Array): EvidenceVerdict =>
  checked(trust, world.now, kind, specimens[kind].artifact, bytes);

/**
 * What a document says: without the index's word on who published, which nobody signed and nobody is told, and
 * without empty values, which in protobuf JSON are the same as none.
 */
function said(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document), (key, value) => {
    const empty = typeof value === 'object' ? Object.keys(value ?? {}).length === 0 : /^0?$/.test(`${value}`);
    return key === 'publisher' || empty ? undefined : value;
  });
}

function expectSame(kind: EvidenceKind, bytes: Uint8Array): void {
  const { document } = specimens[kind];
  const verdict = check(kind, bytes);
  if (verdict.result !== 'verified') return;
  expect(said(JSON.parse(Buffer.from(bytes).toString()))).toEqual(said(document));
  expect(verdict.signers).toEqual(check(kind, Buffer.from(JSON.stringify(document))).signers);
}

describe.each<EvidenceKind>(['npm-signatures', 'npm-attestations', 'pypi-provenance'])('%s', (kind) => {
  test('any bytes do not verify', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(check(kind, bytes).result).not.toBe('verified');
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON does not verify', () => {
    const members = fc.constantFrom('signatures', 'attestations', 'attestation_bundles', 'version', 'bundle');
    const documents = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(members, fc.oneof(fc.jsonValue(), fc.array(fc.dictionary(members, fc.jsonValue())))),
    );
    fc.assert(
      fc.property(documents, (document) => {
        expect(check(kind, Buffer.from(JSON.stringify(document))).result).not.toBe('verified');
      }),
      { numRuns: 300 },
    );
  });

  test('good evidence in which any byte is another verifies only if it says the same', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      removed: fc.integer({ min: 0, max: 2 }),
      put: fc.oneof(fc.uint8Array({ maxLength: 2 }), fc.constantFrom('"', ',', '0', 'A', '{', ' ', '\\')),
    });
    fc.assert(
      fc.property(edit, ({ at, removed, put }) => {
        const whole = Buffer.from(JSON.stringify(specimens[kind].document));
        const place = Math.floor(at * whole.length);
        expectSame(
          kind,
          Buffer.concat([whole.subarray(0, place), Buffer.from(put), whole.subarray(place + removed)]),
        );
      }),
      { numRuns: 150 },
    );
  });

  test('good evidence in which any value is another verifies only if it says the same', () => {
    fc.assert(
      fc.property(fc.nat(), fc.jsonValue({ maxDepth: 1 }), (pick, value) => {
        const copy = structuredClone(specimens[kind].document);
        const places = placesIn(copy);
        places[pick % places.length]?.(value);
        expectSame(kind, Buffer.from(JSON.stringify(copy)));
      }),
      { numRuns: 150 },
    );
  });
});

/** For every member and element in JSON, what puts another value there. */
function placesIn(value: unknown): ((other: unknown) => void)[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    (other: unknown) => void Object.assign(value, { [key]: other }),
    ...placesIn(child),
  ]);
}
