import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One case of sigstore-conformance, as its README says that a folder is read. */
export interface ConformanceCase {
  readonly name: string;
  /** By its name; everything else about a case is for people. */
  readonly mustFail: boolean;
  readonly bundle: string;
  readonly artifact: string;
  /** Of the artifact, hex. */
  readonly sha256: string;
  /** Null for the production root. */
  readonly trustedRoot: string | null;
  readonly signer: { readonly identity: string; readonly issuer: string } | { readonly keyFile: string };
}

const IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

export function conformanceCases(folder: string): ConformanceCase[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readCase(folder, name));
}

function readCase(folder: string, name: string): ConformanceCase {
  const fileOf = (file: string) => {
    const path = join(folder, name, file);
    return existsSync(path) ? path : null;
  };
  const textOf = (file: string) => {
    const path = fileOf(file);
    return path && readFileSync(path, 'utf8').trim();
  };
  const artifact = fileOf('artifact') ?? join(folder, 'a.txt');
  const keyFile = fileOf('key.pub');
  return {
    name,
    mustFail: name.endsWith('_fail'),
    bundle: join(folder, name, 'bundle.sigstore.json'),
    artifact,
    sha256: createHash('sha256').update(readFileSync(artifact)).digest('hex'),
    trustedRoot: fileOf('trusted_root.json'),
    signer: keyFile
      ? { keyFile }
      : { identity: textOf('identity') ?? IDENTITY, issuer: textOf('issuer') ?? ISSUER },
  };
}
