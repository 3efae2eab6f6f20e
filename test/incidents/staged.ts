import { createHash } from 'node:crypto';
import { sriOf } from '../../src/model/digest.ts';
import type { NpmVersion, PypiFile } from '../harness/registry.ts';
import type { Run } from '../harness/sigstore-signer.ts';
import { makeWheel } from '../verify/archives.ts';
import type { Victim } from './victim.ts';
import type { World } from './world.ts';

// What several replays put into an upstream, and what several victims type.

/** The signer of everything that is attested here unless told otherwise, as a policy names it. */
export const SIGNER = '{ repository: github.com/acme/widget, workflow: release.yml }';

/** File name of a pure wheel. */
export function wheelName(project: string, version: string): string {
  return `${project.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
}

/** The bytes of a wheel with one module, which runs `code` when it is imported. */
export function wheelOf(project: string, version: string, code: string): Uint8Array {
  return makeWheel({ name: project, version, files: { [moduleFile(project)]: `${code}\n` } });
}

/** The module of a project: `rp07_ctx/__init__.py`. */
export function moduleFile(project: string): string {
  return `${project.replaceAll('-', '_')}/__init__.py`;
}

/** Adds a version that the registry has signed and a workflow has attested. */
export async function attestedNpm(
  { registry, sigstore }: World,
  name: string,
  version: string,
  spec: NpmVersion,
  signer: Partial<Run> = {},
): Promise<void> {
  registry.addNpm(name, { [version]: spec });
  const tarball = registry.tarball(name, version);
  const sha512 = `sha512:${hex('sha512', tarball)}` as const;
  const signature = sigstore.registrySignature({ name, version, integrity: sriOf(sha512) });
  registry.addNpm(name, { [version]: { ...spec, tarball, signatures: [signature], attestations: true } });
  const document = await minted(sigstore, [name, sha512, signer], () =>
    sigstore.npmAttestations({ name, version, sha512, signer, sameKey: true }),
  );
  registry.setEvidence(registry.attestationsPath(name, version), document);
}

/** Adds a wheel that a workflow has attested (PEP 740). */
export async function attestedWheel(
  { registry, sigstore }: World,
  project: string,
  file: PypiFile,
  signer: Partial<Run> = {},
): Promise<void> {
  registry.addPypi(project, [{ ...file, provenance: true }]);
  const { filename } = file;
  const sha256 = `sha256:${hex('sha256', registry.file(filename))}` as const;
  const document = await minted(sigstore, [filename, sha256, signer], () =>
    sigstore.pypiProvenance({ filename, sha256, signer, sameKey: true }),
  );
  registry.setEvidence(registry.provenancePath(project, filename), document);
}

const documents = new WeakMap<World['sigstore'], Map<string, Promise<Uint8Array>>>();

/** Minting is slow, and the same is wanted by each run of a row's probe. */
function minted(
  sigstore: World['sigstore'],
  wanted: readonly unknown[],
  mint: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const key = JSON.stringify(wanted);
  const known = documents.get(sigstore) ?? new Map<string, Promise<Uint8Array>>();
  documents.set(sigstore, known);
  const document = known.get(key) ?? mint();
  known.set(key, document);
  return document;
}

/**
 * `npm ci` of a lockfile that has just this package: what a dependency bot's merged change does to
 * everybody. `runs`: as npm writes it for a package with install scripts, without which it runs none.
 */
export async function npmLocked(
  victim: Victim,
  { registry }: World,
  name: string,
  version: string,
  { npm = 'npm', runs = false }: { readonly npm?: 'npm' | 'npm12'; readonly runs?: boolean } = {},
): Promise<void> {
  const dependencies = { [name]: version };
  const integrity = sriOf(`sha512:${hex('sha512', registry.tarball(name, version))}`);
  const resolved = `${victim.npmBase}${name}/-/${name}-${version}.tgz`;
  const packages = {
    '': { name: 'project', version: '1.0.0', dependencies },
    [`node_modules/${name}`]: { version, resolved, integrity, ...(runs ? { hasInstallScript: true } : {}) },
  };
  await victim.write('package.json', JSON.stringify({ name: 'project', version: '1.0.0', dependencies }));
  const lock = { name: 'project', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
  await victim.write('package-lock.json', JSON.stringify(lock));
  await victim[npm]('ci');
}

/** Whether the marker was written. Bare, every step must work, so that no client is named that would have refused. */
export async function allRan(victim: Victim): Promise<boolean> {
  return (await victim.marked()) && (!victim.bare || victim.reports.every(({ code }) => code === 0));
}

/** `node -e "require('NAME')"` in the project: the package is used. */
export async function required(victim: Victim, name: string): Promise<void> {
  await victim.run(process.execPath, ['-e', `require('${name}')`]);
}

/** The module of a project is imported: the package is used. */
export async function imported(victim: Victim, project: string): Promise<void> {
  await victim.python('-c', `import ${project.replaceAll('-', '_')}`);
}

function hex(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
