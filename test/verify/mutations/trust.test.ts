import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTrust, type Trust, type TrustBytes, TrustError } from '../../../src/verify/trust.ts';
import { mintWorld, type World } from '../../harness/sigstore-world.ts';
import { alterationsOf } from './alter.ts';
import { type Exemption, exemptionOf, TRUST } from './exemptions.ts';
import { at, type Json, nameOf, type Path, placesOf, withValue } from './json.ts';
import { judge } from './judge.ts';
import { fieldsOf } from './schema.ts';
import { jobOf, mintSpecimens, type Specimen } from './specimens.ts';

let world: World;
let other: World;
let trust: Trust;
let specimens: Specimen[];
let truth: string[];
const needed = new Set<Exemption>();
let altered = 0;

beforeAll(async () => {
  world = await mintWorld();
  // Of the same moment: its times are no alteration.
  other = await mintWorld({ clock: world.time });
  trust = openTrust(world.trust);
  // Each service of the root vouches for one of these; the others are vouched for by the same.
  specimens = (await mintSpecimens(world)).filter(({ name }) => !/chain|PyPI/.test(name));
  truth = outcomes(trust);
});

afterAll(() => {
  console.log(`trust: ${altered} trust roots and lists of keys altered`);
});

const VERIFIED = /"refused":null/;

/** What a specimen comes to under a trust. */
function outcome(under: Trust, specimen: Specimen): string {
  return JSON.stringify(judge(under, jobOf(specimen, specimen.document), world.now));
}

function outcomes(under: Trust): string[] {
  return specimens.map((specimen) => outcome(under, specimen));
}

/** Fields that no trusted root of this world has: another root may. */
const OPTIONAL = new Set([
  'tlogs[].publicKey.validFor.end',
  'tlogs[].checkpointKeyId',
  'tlogs[].checkpointKeyId.keyId',
  'tlogs[].operator',
  'certificateAuthorities[].validFor.end',
  'certificateAuthorities[].operator',
  'ctlogs[].publicKey.validFor.end',
  'ctlogs[].checkpointKeyId',
  'ctlogs[].checkpointKeyId.keyId',
  'ctlogs[].operator',
  'timestampAuthorities[].validFor.end',
  'timestampAuthorities[].operator',
]);

test('all specimens verify under the trust of their world, and none under that of another', () => {
  expect(truth.every((one) => VERIFIED.test(one))).toBe(true);
  expect(outcomes(openTrust(other.trust)).filter((one) => VERIFIED.test(one))).toEqual([]);
});

test('every field of a trusted root has a case', () => {
  const there = new Set(placesOf(rootOf(world)).map(({ path }) => nameOf(path)));
  const fields = fieldsOf('sigstore_trustroot', 'TrustedRoot').map(({ path }) => path);
  expect(fields.filter((path) => !there.has(path) && !OPTIONAL.has(path))).toEqual([]);
  expect([...OPTIONAL].filter((path) => !fields.includes(path))).toEqual([]);
});

test('a trusted root that is altered in one field is refused, or vouches for less', () => {
  const root = rootOf(world);
  const holes = placesOf(root).flatMap(({ path, value }) =>
    holesAt('root', root, path, alterationsOf(value, at(rootOf(other), path)), (bytes) => ({
      ...world.trust,
      root: bytes,
    })),
  );
  expect(holes).toEqual([]);
}, 120_000);

test("a key of the registry's that is altered in one field is refused, or vouches for less", () => {
  const keys: Json = JSON.parse(Buffer.from(world.trust.npmKeys).toString());
  const twin: Json = JSON.parse(Buffer.from(other.trust.npmKeys).toString());
  const holes = placesOf(keys).flatMap(({ path, value }) => {
    // Keys that signed none of the specimens vouch for nothing here.
    if (at(keys, [...path.slice(0, 2), 'keyId']) !== world.keys.current.keyid) return [];
    const bytesOf = (npmKeys: Uint8Array): TrustBytes => ({ ...world.trust, npmKeys });
    return holesAt('keys', keys, path, alterationsOf(value, at(twin, path)), bytesOf);
  });
  expect(holes).toEqual([]);
}, 120_000);

test('a key that is revoked, or whose time is over, vouches for less', () => {
  const keys: Json = JSON.parse(Buffer.from(world.trust.npmKeys).toString());
  const [signed, published] = [keyPath(keys, 'npm:signatures'), keyPath(keys, 'npm:attestations')];
  const under = (path: Path, value: Json): string[] =>
    outcomes(
      openTrust({ ...world.trust, npmKeys: Buffer.from(JSON.stringify(withValue(keys, path, value))) }),
    );
  const refused = (some: readonly string[]): number => some.filter((one) => !VERIFIED.test(one)).length;
  const npm = specimens.filter(({ kind }) => kind === 'npm-attestations').length;
  // Revoked for one use it is revoked: whoever has it can sign either.
  expect(refused(under([...signed, 'revoked'], true))).toBe(specimens.length);
  expect(refused(under([...published, 'revoked'], true))).toBe(specimens.length);
  const over = new Date(world.earlier.getTime() - 1).toISOString();
  expect(refused(under([...signed, 'publicKey', 'validFor', 'end'], over))).toBe(specimens.length - npm);
  expect(refused(under([...published, 'publicKey', 'validFor', 'end'], over))).toBe(npm);
});

test('from an instant on, an entry without an inclusion proof is refused', () => {
  const [old] = specimens.filter(({ name }) => name.includes('v0.1'));
  if (!old) throw new Error('no specimen without a proof');
  const since = (proofSince: number): string | null =>
    judge(openTrust({ ...world.trust, proofSince }), jobOf(old, old.document), world.now).refused;
  expect(since(world.earlier.getTime() + 1)).toBeNull();
  expect(since(world.earlier.getTime())).toBe('log-proof');
});

test('the registry that publish attestations name is the configured one', () => {
  const elsewhere = openTrust({ ...world.trust, npmRegistry: 'https://elsewhere.example' });
  for (const specimen of specimens.filter(({ kind }) => kind === 'npm-attestations')) {
    expect(judge(elsewhere, jobOf(specimen, specimen.document), world.now).refused).toBe('publish-predicate');
  }
});

test('every exemption is needed', () => {
  expect(TRUST.filter((one) => !needed.has(one))).toEqual([]);
});

function holesAt(
  which: string,
  document: Json,
  path: Path,
  alterations: ReturnType<typeof alterationsOf>,
  trustOf: (bytes: Uint8Array) => TrustBytes,
): string[] {
  return alterations.flatMap(({ how, within, value }) => {
    altered++;
    const field = `${which}: ${nameOf(path)}${within}`;
    const under = opened(trustOf(Buffer.from(JSON.stringify(withValue(document, path, value)))));
    if (under === null) return [];
    // Whatever it vouches for, no decision that was made under one is taken for one under the other.
    expect(under.digest, field).not.toBe(trust.digest);
    // In no order but that of the specimens: most are told by the first that is not vouched for any more.
    const same = (specimen: Specimen, index: number): boolean => outcome(under, specimen) === truth[index];
    const lost = specimens.findIndex((specimen, index) => !same(specimen, index));
    const left = specimens[lost];
    if (left && !VERIFIED.test(outcome(under, left))) return [];
    const exemption = exemptionOf(TRUST, { field, how, of: which });
    if (exemption) needed.add(exemption);
    return exemption && lost < 0 ? [] : [`${field} | ${how}`];
  });
}

/** Where the current key stands for a use. */
function keyPath(keys: Json, usage: string): Path {
  const list = at(keys, ['keys']);
  const index = Array.isArray(list)
    ? list.findIndex(
        (key) => at(key, ['keyId']) === world.keys.current.keyid && at(key, ['keyUsage']) === usage,
      )
    : -1;
  if (index < 0) throw new Error('no such key');
  return ['keys', index];
}

/** null where it is refused: no other error is a refusal. */
function opened(bytes: TrustBytes): Trust | null {
  try {
    return openTrust(bytes);
  } catch (error) {
    if (error instanceof TrustError) return null;
    throw error;
  }
}

function rootOf({ trust: { root } }: World): Json {
  return JSON.parse(Buffer.from(root).toString());
}
