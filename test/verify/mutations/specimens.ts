import type { ArtifactId, PackageName } from '../../../src/model/artifact.ts';
import { type ArtifactDigests, type Digest, sha256, sriOf } from '../../../src/model/digest.ts';
import type { EvidenceJob, EvidenceKind } from '../../../src/model/evidence.ts';
import type {
  Attested,
  NpmAttestationsWanted,
  PypiProvenanceWanted,
  RegistryKeyName,
  World,
} from '../../harness/sigstore-world.ts';
import type { Json, Path } from './json.ts';

export type Artifact = ArtifactId & ArtifactDigests;

/** Where one signed statement is in a document, and in which form. */
export interface Attestation {
  readonly what: Attested;
  readonly path: Path;
  readonly form: 'bundle' | 'pep740';
}

/** A document that verifies, with a twin: as good, and about another version. */
export interface Specimen {
  readonly name: string;
  readonly kind: EvidenceKind;
  readonly artifact: Artifact;
  readonly document: Json;
  readonly twin: Json;
  readonly attestations: readonly Attestation[];
}

export const VERSION = '1.2.3';
const TWIN_VERSION = '1.2.4';

const NPM_ATTESTATIONS: readonly Attestation[] = [
  { what: 'publish', path: ['attestations', 0, 'bundle'], form: 'bundle' },
  { what: 'slsa', path: ['attestations', 1, 'bundle'], form: 'bundle' },
];
const PYPI_ATTESTATIONS: readonly Attestation[] = [
  { what: 'publish', path: ['attestation_bundles', 0, 'attestations', 0], form: 'pep740' },
  { what: 'slsa', path: ['attestation_bundles', 0, 'attestations', 1], form: 'pep740' },
];

export function npmArtifact(version = VERSION): Artifact {
  return artifact('npm', '@acme/widget', version, `widget-${version}.tgz`);
}

export function pypiArtifact(version = VERSION): Artifact {
  return artifact('pypi', 'acme-widget', version, `acme_widget-${version}.tar.gz`);
}

function artifact(ecosystem: string, name: string, version: string, filename: string): Artifact {
  const digest: Digest = sha256(filename);
  return {
    ecosystem,
    name: name as PackageName,
    version,
    filename,
    sha256: digest,
    sha512: `sha512:${digest.slice(7)}${digest.slice(7)}`,
  };
}

export async function npmDocument(
  world: World,
  wanted: Partial<NpmAttestationsWanted> = {},
  about = npmArtifact(),
): Promise<Json> {
  return jsonOf(
    await world.npmAttestations({
      name: about.name,
      version: about.version,
      sha512: about.sha512,
      ...wanted,
    }),
  );
}

export async function pypiDocument(
  world: World,
  wanted: Partial<PypiProvenanceWanted> = {},
  about = pypiArtifact(),
): Promise<Json> {
  const { filename, sha256: digest } = about;
  return jsonOf(
    await world.pypiProvenance({ filename, sha256: digest, predicates: ['publish', 'slsa'], ...wanted }),
  );
}

/** A specimen of each form that evidence has; together they have every field that any has. */
export async function mintSpecimens(world: World): Promise<Specimen[]> {
  const npm = async (name: string, wanted: Partial<NpmAttestationsWanted>): Promise<Specimen> => ({
    name,
    kind: 'npm-attestations',
    artifact: npmArtifact(),
    document: await npmDocument(world, wanted),
    twin: await npmDocument(world, wanted, npmArtifact(TWIN_VERSION)),
    attestations: NPM_ATTESTATIONS,
  });
  return [
    await npm('npm, bundles v0.2 and v0.3', {}),
    await npm('npm, bundles v0.1, SLSA v0.2, old certificate', { predicate: 'v0.2' }),
    await npm('npm, certificate chain', { bundle: 'v0.2' }),
    await npm('npm, Rekor v2 and timestamps', { entry: 'hashedrekord-v2' }),
    {
      name: 'PyPI, publish and SLSA',
      kind: 'pypi-provenance',
      artifact: pypiArtifact(),
      document: await pypiDocument(world),
      twin: await pypiDocument(world, {}, pypiArtifact(TWIN_VERSION)),
      attestations: PYPI_ATTESTATIONS,
    },
    {
      name: 'npm, registry signature',
      kind: 'npm-signatures',
      artifact: npmArtifact(),
      document: signaturesDocument(world, npmArtifact()),
      twin: signaturesDocument(world, npmArtifact(TWIN_VERSION)),
      attestations: [],
    },
  ];
}

export function signaturesDocument(
  world: World,
  { name, version, sha512 }: Artifact,
  key: RegistryKeyName = 'current',
): Json {
  const { keyid, sig } = world.registrySignature({ name, version, integrity: sriOf(sha512), key });
  return { signatures: [{ keyid, sig }] };
}

export function jobOf(
  specimen: Pick<EvidenceJob, 'kind' | 'artifact'>,
  document: Json | string,
): EvidenceJob {
  return {
    artifact: specimen.artifact,
    kind: specimen.kind,
    bytes: Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)),
    claimedAt: null,
    neverAbsent: false,
  };
}

function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(Buffer.from(bytes).toString());
}
