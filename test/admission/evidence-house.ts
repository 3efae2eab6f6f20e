import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArtifactDigests, sriOf } from '../../src/model/digest.ts';
import { defaultNpmBase } from '../../src/upstream/defaults.ts';
import {
  mintWorld,
  type NpmAttestationsWanted,
  type PypiProvenanceWanted,
  type World,
} from '../harness/sigstore-world.ts';
import { makeNpmTarball } from '../verify/archives.ts';
import { DAY, type HouseOptions, START, startHouse, type TestHouse } from './harness.ts';

/** A house that trusts a minted world, and an upstream whose packages carry that world's evidence. */
export interface EvidenceHouse extends TestHouse {
  readonly world: World;
  /** The file of npm's keys that it trusts. */
  readonly npmKeys: string;
  /** Adds a version; what is left out is not there. Resolves with its digests. */
  add(name: string, version: string, evidence?: NpmEvidence): Promise<ArtifactDigests>;
}

export interface NpmEvidence {
  /** The registry's signature; false for none. Default true. */
  readonly signed?: boolean | unknown;
  /** Provenance as wanted; null for none, and no claim. Default as everything in the world agrees. */
  readonly provenance?: Partial<NpmAttestationsWanted> | null;
  /** Whether the index announces it. Default: where there is any. */
  readonly claimed?: boolean;
  /** When it was published, ISO 8601. */
  readonly time?: string;
}

let minted: Promise<World> | undefined;

/** One world for all tests of a file. */
export function theWorld(): Promise<World> {
  minted ??= defaultNpmBase().then((base) =>
    mintWorld({ clock: new Date(START - 10 * DAY), registry: new URL(base).origin }),
  );
  return minted;
}

export async function startEvidenceHouse(options: HouseOptions): Promise<EvidenceHouse> {
  const world = await theWorld();
  const folder = await mkdtemp(join(tmpdir(), 'trust-'));
  await writeFile(join(folder, 'root.json'), world.trust.root);
  await writeFile(join(folder, 'keys.json'), world.trust.npmKeys);
  const env = {
    SALLYPORT_TRUSTED_ROOT: join(folder, 'root.json'),
    SALLYPORT_NPM_KEYS: join(folder, 'keys.json'),
    ...options.env,
  };
  const house = await startHouse({ ...options, env });
  const { remove } = house;
  return Object.assign(house, {
    world,
    npmKeys: env.SALLYPORT_NPM_KEYS,
    add: (name: string, version: string, evidence?: NpmEvidence) =>
      add(house, world, name, version, evidence),
    async remove() {
      await remove.call(house);
      await rm(folder, { recursive: true });
    },
  });
}

async function add(
  { registry }: TestHouse,
  world: World,
  name: string,
  version: string,
  { signed = true, provenance = {}, claimed = provenance !== null, time }: NpmEvidence = {},
): Promise<ArtifactDigests> {
  const tarball = makeNpmTarball({ name, version });
  const digests = digestsOf(tarball);
  const integrity = sriOf(digests.sha512);
  registry.addNpm(name, {
    [version]: {
      tarball,
      ...(time !== undefined && { time }),
      ...(signed === true
        ? { signatures: [world.registrySignature({ name, version, integrity })] }
        : signed === false
          ? {}
          : { signatures: signed }),
      ...(claimed && { attestations: true }),
    },
  });
  const path = registry.attestationsPath(name, version);
  // A key and a certificate for each signer, not for each signature: nothing here asks which key it was.
  const wanted = { name, version, sha512: digests.sha512, sameKey: true, ...provenance };
  registry.setEvidence(path, provenance === null ? null : await world.npmAttestations(wanted));
  return digests;
}

export function digestsOf(bytes: Uint8Array): ArtifactDigests {
  const of = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
  return { sha256: `sha256:${of('sha256')}`, sha512: `sha512:${of('sha512')}` };
}

export type { PypiProvenanceWanted };
