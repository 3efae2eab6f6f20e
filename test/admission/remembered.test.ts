import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { PassedSignatures } from '../../src/admission/passed-signatures.ts';
import { RememberedFacts } from '../../src/admission/remembered.ts';
import { npm } from '../../src/ecosystems/npm/npm.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { type Digest, sha256, sriOf } from '../../src/model/digest.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import type { Listing } from '../../src/model/listing.ts';
import { openTrust } from '../../src/verify/trust.ts';
import { mintWorld } from '../harness/sigstore-world.ts';

// What the desk keeps between requests is bounded, and what is kept is of what was asked.

const NAME = 'widget' as PackageName;

function listingOf(index: Digest): Listing {
  return {
    ecosystem: 'npm',
    name: NAME,
    digest: index,
    quarantined: false,
    files: new Map(),
    document: null,
  };
}

function factsOf(filename: string) {
  const bytes = Buffer.from(JSON.stringify([[filename, NO_FACTS]]));
  return { bytes, digest: sha256(bytes) };
}

test('facts are read once for an index and a state of our memory', () => {
  const [a, b] = [factsOf('a'), factsOf('b')];
  const listing = listingOf(sha256('index'));
  const remembered = new RememberedFacts();
  const first = remembered.of(npm, listing, a);
  expect([...first.facts.keys()]).toEqual(['a']);
  expect(remembered.of(npm, listing, a)).toBe(first);
  // Another index has other claims.
  expect(remembered.of(npm, listingOf(sha256('another')), a)).not.toBe(first);
  expect(remembered.of(npm, listing, a)).toBe(first);
  expect([...remembered.of(npm, listing, b).facts.keys()]).toEqual(['b']);
});

test('an index that the desk has let go of is not kept for what was read of it', async () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('nothing can be collected here');
  const remembered = new RememberedFacts();
  const open = (n: number) => {
    const listing = listingOf(sha256(`index ${n}`));
    remembered.of(npm, listing, factsOf('a')).history.baseline({
      filename: 'a',
      version: '1.0.0',
      kind: 'npm-tarball',
      firstSeen: null,
    });
    return new WeakRef(listing);
  };
  const opened = Array.from({ length: 50 }, (_, n) => open(n));
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
  expect(opened.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  expect(remembered).toBeDefined();
});

test('which signatures pass is remembered while the trust is the same, within a bound', async () => {
  const world = await mintWorld();
  const trust = openTrust(world.trust);
  const signed = (version: string) => {
    const sha512: Digest = `sha512:${'5a'.repeat(64)}`;
    const signature = world.registrySignature({ name: NAME, version, integrity: sriOf(sha512) });
    return {
      version,
      digests: [sha512],
      evidence: { signed: true, signatures: [signature], attestations: null },
    };
  };
  const passed = new PassedSignatures(1);
  const of = (file: ReturnType<typeof signed>) => passed.of(NAME, file, world.now);
  const file = signed('1.0.0');
  expect(of(file)).toEqual([]);
  passed.setTrust(trust);
  const first = of(file);
  expect(first).toEqual(file.evidence.signatures);
  expect(of({ ...file })).toBe(first);
  expect(of({ ...file, version: '1.0.1' })).toEqual([]);
  expect(of(file)).not.toBe(first);
  expect(of({ ...file, digests: [] })).toEqual([]);
  expect(of({ ...file, digests: [...file.digests, `sha512:${'5b'.repeat(64)}`] })).toEqual([]);
  passed.setTrust(openTrust((await mintWorld()).trust));
  expect(of(file)).toEqual([]);
});
