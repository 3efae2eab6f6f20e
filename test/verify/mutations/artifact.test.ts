import { beforeAll, expect, test } from 'vitest';
import type { EvidenceJob } from '../../../src/model/evidence.ts';
import { EVIDENCE_KINDS, type EvidenceKind } from '../../../src/model/evidence.ts';
import { openTrust, type Trust } from '../../../src/verify/trust.ts';
import { mintWorld, type World } from '../../harness/sigstore-world.ts';
import { changed } from './alter.ts';
import { judge } from './judge.ts';
import { jobOf, mintSpecimens, type Specimen } from './specimens.ts';

let world: World;
let trust: Trust;
let specimens: Specimen[];

beforeAll(async () => {
  world = await mintWorld();
  trust = openTrust(world.trust);
  specimens = await mintSpecimens(world);
});

/** What of an artifact a kind of evidence is not about; anything else must be the artifact's own. */
const NOT_STATED: Record<EvidenceKind, readonly string[]> = {
  // The registry states name, version and sha512; the tarball's name is of its address only.
  'npm-signatures': ['filename', 'sha256'],
  'npm-attestations': ['filename', 'sha256'],
  // A file of PyPI is stated by its name, which has the version in it, and its sha256.
  'pypi-provenance': ['version', 'sha512'],
};

test('evidence of another artifact is refused, whatever it is that differs', () => {
  const holes: string[] = [];
  for (const specimen of specimens) {
    const before = judge(trust, jobOf(specimen, specimen.document), world.now);
    expect(before, specimen.name).toMatchObject({ refused: null });
    for (const [key, value] of Object.entries(specimen.artifact)) {
      const text = String(value);
      const another = key.startsWith('sha')
        ? text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
        : changed(text);
      const outcome = judge(
        trust,
        { ...jobOf(specimen, specimen.document), artifact: { ...specimen.artifact, [key]: another } },
        world.now,
      );
      const stated = !NOT_STATED[specimen.kind].includes(key);
      if (stated === (outcome.refused === null)) holes.push(`${specimen.name} | ${key}`);
      if (!stated) expect(outcome.signers).toEqual(before.signers);
    }
  }
  expect(holes).toEqual([]);
});

test('a digest that is not known agrees with nothing', () => {
  for (const specimen of specimens) {
    const { sha256, sha512, ...id } = specimen.artifact;
    const artifact: EvidenceJob['artifact'] =
      specimen.kind === 'pypi-provenance' ? { ...id, sha512 } : { ...id, sha256 };
    const job = { ...jobOf(specimen, specimen.document), artifact };
    expect(judge(trust, job, world.now).refused, specimen.name).not.toBeNull();
  }
});

test('evidence of one kind is none of another', () => {
  const kinds = Object.keys(EVIDENCE_KINDS).filter((kind): kind is EvidenceKind => kind in EVIDENCE_KINDS);
  for (const specimen of specimens) {
    for (const kind of kinds) {
      if (kind === specimen.kind) continue;
      expect(judge(trust, { ...jobOf(specimen, specimen.document), kind }, world.now).refused).not.toBeNull();
    }
  }
});

test('evidence of the twin is refused', () => {
  for (const specimen of specimens) {
    expect(judge(trust, jobOf(specimen, specimen.twin), world.now).refused, specimen.name).not.toBeNull();
  }
});
