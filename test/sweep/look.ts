import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { ArtifactKind } from '../../src/model/artifact.ts';
import { sha256 } from '../../src/model/digest.ts';
import type { FindingCode } from '../../src/model/finding.ts';
import type { ListedFile } from '../../src/model/listing.ts';
import { InspectPool } from '../../src/threads/inspect-pool.ts';
import { inspectionVerdicts } from '../../src/verify/inspect.ts';
import type { Cache, Kept } from './cache.ts';
import { listingOf } from './recorder.ts';

/** What an inspection says of one real file. */
export interface Found {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly kind: ArtifactKind;
  readonly code: FindingCode | 'NOT_LISTED';
  readonly place: string;
}

export interface Swept {
  readonly files: ReadonlyMap<ArtifactKind, number>;
  readonly packages: number;
  readonly bytes: number;
  readonly found: readonly Found[];
}

/** Inspects every file of the cache as the firewall does, in its threads, against the index that listed it. */
export async function look(cache: Cache, wanted: (file: Kept) => boolean): Promise<Swept> {
  const pool = new InspectPool(() => {
    throw new Error('an inspection thread died');
  });
  const files = new Map<ArtifactKind, number>();
  const found: Found[] = [];
  const names = new Set<string>();
  const kept = (await cache.files())
    .filter((file) => ECOSYSTEMS.some(({ id }) => id === file.ecosystem))
    .filter(wanted);
  let bytes = 0;
  try {
    const groups = Map.groupBy(kept, ({ ecosystem, name }) => `${ecosystem} ${name}`);
    const queue = [...groups.values()];
    const worker = async (): Promise<void> => {
      for (let group = queue.shift(); group; group = queue.shift()) {
        const listed = await listedFiles(cache, group);
        for (const [file, entry] of listed) {
          const { ecosystem, name, filename } = file;
          if (!entry) {
            found.push({
              ecosystem,
              name,
              version: '',
              filename,
              kind: 'npm-tarball',
              code: 'NOT_LISTED',
              place: '',
            });
            continue;
          }
          names.add(`${ecosystem} ${name}`);
          const { kind, version, size } = entry;
          files.set(kind, (files.get(kind) ?? 0) + 1);
          bytes += size ?? 0;
          for (const { code, place } of await findingsOf(pool, file, entry))
            found.push({ ecosystem, name, version, filename, kind, code, place });
        }
      }
    };
    await Promise.all([worker(), worker()]);
  } finally {
    await pool.close();
  }
  return { files, packages: names.size, bytes, found };
}

async function listedFiles(cache: Cache, group: readonly Kept[]): Promise<[Kept, ListedFile | undefined][]> {
  const [{ ecosystem: id, name } = { ecosystem: '', name: '' }] = group;
  const ecosystem = ECOSYSTEMS.find((one) => one.id === id);
  const listing = ecosystem ? listingOf(ecosystem, name, await cache.index(id, name)) : null;
  return group.map((file) => [file, listing?.files.get(file.filename)]);
}

async function findingsOf(
  pool: InspectPool,
  { name, filename, path }: Kept,
  { kind, version, url, metadataDigest }: ListedFile,
): Promise<readonly { readonly code: FindingCode; readonly place: string }[]> {
  const host = URL.parse(url)?.host;
  const inspection = await pool.inspect(path, { kind, name, version, filename, ...(host ? { host } : {}) });
  const findings = [...inspection.findings];
  if (metadataDigest?.startsWith('sha256:') && inspection.metadata && kind === 'wheel') {
    if (sha256(inspection.metadata) !== metadataDigest)
      findings.push({ code: 'METADATA_MISMATCH', place: 'PEP 658' });
  }
  if (findings.length === 0 && inspectionVerdicts(inspection).some(({ result }) => result !== 'verified'))
    findings.push({ code: 'METADATA_MISMATCH', place: '' });
  return findings;
}
