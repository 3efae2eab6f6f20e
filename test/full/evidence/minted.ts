import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sriOf } from '../../../src/model/digest.ts';
import { defaultNpmBase } from '../../../src/upstream/defaults.ts';
import { type FakeRegistry, type NpmVersion, startRegistry } from '../../harness/registry.ts';
import { mintWorld, type World } from '../../harness/sigstore-world.ts';

const DAY = 86_400_000;

/** A signer as the policy names it: who signs everything in a minted world. */
export const SIGNER = { repository: 'github.com/acme/widget', workflow: 'release.yml' } as const;

/** An upstream whose packages carry the evidence of a minted world, and what a firewall needs to trust it. */
export interface MintedUpstream {
  readonly world: World;
  readonly registry: FakeRegistry;
  readonly env: Readonly<Record<string, string>>;
  /** Adds a version that is signed and attested. */
  npm(name: string, version: string, more?: Pick<NpmVersion, 'manifest' | 'time'>): Promise<void>;
  /** Adds a wheel that is attested; `metadata`: more lines of it. */
  pypi(name: string, version: string, metadata?: string): Promise<void>;
  close(): Promise<void>;
}

export async function startMinted(): Promise<MintedUpstream> {
  const { origin } = new URL(await defaultNpmBase());
  const world = await mintWorld({ clock: new Date(Date.now() - DAY), registry: origin });
  const registry = await startRegistry();
  const folder = await mkdtemp(join(tmpdir(), 'minted-'));
  await writeFile(join(folder, 'root.json'), world.trust.root);
  await writeFile(join(folder, 'keys.json'), world.trust.npmKeys);
  return {
    world,
    registry,
    env: {
      SALLYPORT_TRUSTED_ROOT: join(folder, 'root.json'),
      SALLYPORT_NPM_KEYS: join(folder, 'keys.json'),
    },
    async npm(name, version, more = {}) {
      const made = { ...more, bulk: BULK };
      registry.addNpm(name, { [version]: made });
      const tarball = registry.tarball(name, version);
      const sha512 = `sha512:${hex('sha512', tarball)}` as const;
      const signature = world.registrySignature({ name, version, integrity: sriOf(sha512) });
      registry.addNpm(name, {
        [version]: { ...made, tarball, signatures: [signature], attestations: true },
      });
      const path = registry.attestationsPath(name, version);
      registry.setEvidence(path, await world.npmAttestations({ name, version, sha512, sameKey: true }));
    },
    async pypi(name, version, metadata = '') {
      const filename = wheel(name, version);
      registry.addPypi(name, [{ filename, metadata, bulk: BULK, provenance: true }]);
      const sha256 = `sha256:${hex('sha256', registry.file(filename))}` as const;
      const path = registry.provenancePath(name, filename);
      registry.setEvidence(path, await world.pypiProvenance({ filename, sha256 }));
    },
    async close() {
      await registry.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Bytes that are in no index: to show that they did not arrive. */
const BULK = 5_000;

export function wheel(name: string, version: string): string {
  return `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
}

/** Some bytes from the middle of an archive, as latin1, which can only be had from the archive itself. */
export function midst(archive: Buffer): string {
  return archive.subarray(1_000, 1_032).toString('latin1');
}

function hex(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
