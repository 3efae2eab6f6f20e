import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import {
  agrees,
  digestOfManifest,
  placesOfDifference,
  withClaims,
} from '../../src/admission/index-claims.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import type { Ecosystem } from '../../src/ecosystems/ecosystem.ts';
import { placeLookup, placeWrites } from '../../src/ledger/sqlite/place-claims.ts';
import { PLACE_SCHEMA } from '../../src/ledger/sqlite/place-schema.ts';
import type { ArtifactKind } from '../../src/model/artifact.ts';
import { NO_CHANGE } from '../../src/model/change.ts';
import { hexOf, sha256 } from '../../src/model/digest.ts';
import { NO_BASELINE, NO_EVIDENCE } from '../../src/model/evidence.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import { FINDINGS, type Finding } from '../../src/model/finding.ts';
import type { Listing } from '../../src/model/listing.ts';
import { normalName } from '../../src/model/pypi-name.ts';
import type { ReasonCode } from '../../src/model/reason-codes.ts';
import { NONE_TAKEN, type TakenPlaces } from '../../src/model/taken-places.ts';
import { takes } from '../../src/model/told-places.ts';
import { decide } from '../../src/policy/decide.ts';
import { NO_HIGHER } from '../../src/policy/judge/floor.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import type { ListingQuestion, Policy } from '../../src/policy/policy.ts';
import { InspectPool } from '../../src/threads/inspect-pool.ts';
import { inspectionVerdicts } from '../../src/verify/inspect.ts';
import type { Cache, Kept } from './cache.ts';
import { listingOf } from './recorder.ts';

const ALLOWLISTS = join(import.meta.dirname, '..', '..', 'allowlists');

/** The starter policy, and beside it every name: what only the tests' clients install is judged like the rest. */
const WIDE = 'profile: default\nallow:\n  - { npm: "*", wide: true }\n  - { pypi: "*", wide: true }\n';

/** Reasons that only an artifact's bytes give. Age, evidence and advisories are what an index and others say. */
const OF_BYTES: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'ARCHIVE_UNSAFE',
  'METADATA_MISMATCH',
  'INSTALL_SCRIPTS',
  'DIRECT_URL',
  'STARTUP_HOOK',
  'FOREIGN_PLACE',
]);

/** A real file that the starter policy would refuse for its bytes. */
export interface Refused {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly code: ReasonCode;
  /** Where in the archive, or which packages: what is known of it. */
  readonly places: readonly string[];
}

export interface Swept {
  readonly files: ReadonlyMap<ArtifactKind, number>;
  readonly packages: number;
  readonly bytes: number;
  /** Findings by their code, those too that the policy has a rule for. */
  readonly findings: ReadonlyMap<string, number>;
  readonly refused: readonly Refused[];
  /** Files that no index of ours lists: `name/filename`. */
  readonly unlisted: readonly string[];
}

/** Inspects every file of the cache as the firewall does, in its threads, against the index that listed it. */
export async function look(cache: Cache, wanted: (file: Kept) => boolean): Promise<Swept> {
  const policy = await starterPolicy();
  const pool = new InspectPool(() => {
    throw new Error('an inspection thread died');
  });
  const files = new Map<ArtifactKind, number>();
  const findings = new Map<string, number>();
  const refused: Refused[] = [];
  const unlisted: string[] = [];
  const names = new Set<string>();
  const places = new TakenInTurn();
  let bytes = 0;
  const queue = [
    ...Map.groupBy((await cache.files()).filter(wanted), (file) => `${file.ecosystem} ${file.name}`),
  ];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [key, group] = next;
      const ecosystem = ECOSYSTEMS.find(({ id }) => key.startsWith(`${id} `));
      const [{ name } = { name: '' }] = group;
      const listing = ecosystem && listingOf(ecosystem, name, await cache.index(ecosystem.id, name));
      if (!ecosystem) continue;
      for (const file of group) {
        const looked = listing ? await questionOf(pool, ecosystem, listing, file) : null;
        const question = looked && { ...looked, taken: places.of(looked) };
        if (!question) {
          unlisted.push(`${name}/${file.filename}`);
          continue;
        }
        names.add(key);
        const { size } = await stat(file.path);
        bytes += size;
        files.set(question.file.kind, (files.get(question.file.kind) ?? 0) + 1);
        const found = question.facts.findings ?? [];
        for (const code of new Set(found.map((one) => one.code)))
          findings.set(code, (findings.get(code) ?? 0) + 1);
        for (const { code, about = [] } of decide(policy, 'default', question).reasons) {
          if (!OF_BYTES.has(code)) continue;
          const { version } = question.file;
          const places = [...about, ...found.filter((one) => isOf(one, code)).map(({ place }) => place)];
          refused.push({ ecosystem: ecosystem.id, name, version, filename: file.filename, code, places });
        }
      }
    }
  };
  try {
    await Promise.all([worker(), worker()]);
  } finally {
    await pool.close();
  }
  return { files, packages: names.size, bytes, findings, refused, unlisted };
}

/** Every file is taken for admitted, one after the other: of two that share a place the second one is told whose it is. */
class TakenInTurn {
  readonly #lookup: ReturnType<typeof placeLookup>;
  readonly #writes: ReturnType<typeof placeWrites>;
  #seq = 0;

  constructor() {
    const db = new Database(':memory:');
    db.exec(PLACE_SCHEMA);
    this.#lookup = placeLookup(db);
    this.#writes = placeWrites(db);
  }

  of({ ecosystem, name, file, facts }: ListingQuestion): TakenPlaces {
    if (ecosystem !== 'pypi') return NONE_TAKEN;
    const places = takes(file.kind, name, facts.places);
    const taken = this.#lookup.names('default', name, places);
    const normal = [...new Set(places.map(normalName))];
    this.#writes.insert(this.#seq++, {
      profile: 'default',
      name,
      places: normal,
      knew: new Set(),
      knewMore: false,
    });
    return taken;
  }
}

/** What the policy is asked of a file once its bytes were inspected; null where the index does not list it. */
async function questionOf(
  pool: InspectPool,
  ecosystem: Ecosystem,
  listing: Listing,
  { name, filename, path }: Kept,
): Promise<ListingQuestion | null> {
  const listed = listing.files.get(filename);
  if (!listed) return null;
  const { file, manifest } = withClaims(ecosystem, listing, listed);
  const { kind, version, url } = file;
  const host = URL.parse(url)?.host;
  const inspection = await pool.inspect(path, { kind, name, version, filename, ...(host ? { host } : {}) });
  const findings: Finding[] = [...inspection.findings];
  const seen =
    kind === 'npm-tarball'
      ? inspection.manifest && digestOfManifest(inspection.manifest)
      : inspection.metadata && sha256(inspection.metadata);
  const unsafe = findings.some(({ code }) => code === 'ARCHIVE_UNSAFE');
  if (!unsafe && kind !== 'sdist' && !agrees(file, seen && hexOf(seen))) {
    const places = placesOfDifference(manifest, inspection.manifest).join(' ');
    findings.push({ code: 'METADATA_MISMATCH', place: places || 'the index' });
  }
  if (findings.length === 0 && inspectionVerdicts(inspection).some(({ result }) => result !== 'verified'))
    findings.push({ code: 'METADATA_MISMATCH', place: '' });
  const { licence, dependencies, places } = inspection;
  return {
    stage: 'listing',
    ecosystem: ecosystem.id,
    name: listing.name,
    quarantined: listing.quarantined,
    file,
    facts: { ...NO_FACTS, findings, licence, dependencies, places },
    held: NO_EVIDENCE,
    baseline: NO_BASELINE,
    above: NO_HIGHER,
    change: NO_CHANGE,
    taken: NONE_TAKEN,
    feed: null,
    advisories: [],
    now: Date.now(),
  };
}

/** Whether a finding is what a reason is given for. */
function isOf({ code }: Finding, reason: ReasonCode): boolean {
  const asked: Partial<Record<ReasonCode, string>> = {
    INSTALL_SCRIPTS: 'install-scripts',
    DIRECT_URL: 'direct-urls',
    STARTUP_HOOK: 'startup-hooks',
    FOREIGN_PLACE: 'foreign-places',
  };
  return code === reason || FINDINGS[code] === asked[reason];
}

async function starterPolicy(): Promise<Policy> {
  const files = await Promise.all(
    ['default.yaml', 'npm.yaml', 'pypi.yaml'].map(async (path) => ({
      path,
      text: await readFile(join(ALLOWLISTS, path), 'utf8'),
    })),
  );
  return parsePolicy(
    [...files, { path: 'wide.yaml', text: WIDE }],
    ECOSYSTEMS.map(({ versions }) => versions),
  );
}
