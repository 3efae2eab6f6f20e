import { ADVISORY_ID, type AdvisoryRecord, type AffectedRange, type Severity } from '../model/advisory.ts';
import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { VersionScheme } from '../model/versions.ts';
import { isObject, type JsonObject, listIn, textsIn } from './json.ts';
import { EVERY, plain, spansOf } from './ranges.ts';
import { severityOf, worst } from './severity.ts';

/** One package that a record names. */
export interface AffectedPackage {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly record: AdvisoryRecord;
}

/** A record of the OSV format (OSV schema 1.x), as far as it speaks of packages that we know. */
export interface OsvRecord {
  readonly id: string;
  /** Milliseconds since 1970; null where that is unreadable. */
  readonly modified: number | null;
  /** It holds no longer: it names no packages then. */
  readonly withdrawn: boolean;
  /** Ids of the same thing elsewhere. */
  readonly aliases: readonly string[];
  readonly severity: Severity | null;
  /** Each package once. */
  readonly affected: readonly AffectedPackage[];
  /** Packages of our ecosystems whose names cannot be read: nothing can be asked for in such a name. */
  readonly unreadable: number;
}

/** Longest name or version that is looked at, and how many aliases. */
const MAX_TEXT = 300;
const MAX_ALIASES = 100;

/**
 * Reads one record, already parsed as JSON. null where it has no id that can be read. Never throws: what it does not say
 * of versions, it says of all of them; a record of malware with nothing but an id and a package is of every version.
 */
export function readOsv(value: unknown, schemes: readonly VersionScheme[]): OsvRecord | null {
  if (!isObject(value)) return null;
  const { id } = value;
  if (typeof id !== 'string' || !ADVISORY_ID.test(id)) return null;
  const withdrawn = timeOf(value['withdrawn']) !== null;
  const common = {
    id,
    modified: timeOf(value['modified']),
    withdrawn,
    aliases: textsIn(value, 'aliases', MAX_TEXT)
      .filter((alias) => ADVISORY_ID.test(alias))
      .slice(0, MAX_ALIASES),
    severity: severityOf(value),
  };
  if (withdrawn) return { ...common, affected: [], unreadable: 0 };
  const kind = isMalware(id, value) ? 'malware' : 'vulnerability';
  const packages = new Map<string, Gathered>();
  let unreadable = 0;
  const { affected } = value;
  for (const entry of Array.isArray(affected) ? affected : isObject(affected) ? [affected] : []) {
    const found = packageOf(entry, schemes);
    if (found === 'unreadable') unreadable++;
    if (found === 'unreadable' || found === null) continue;
    const key = `${found.scheme.ecosystem}\n${found.name}`;
    const known = packages.get(key) ?? { ...found, severity: null, versions: new Set(), ranges: new Map() };
    packages.set(key, {
      ...known,
      severity: worst([known.severity, common.severity ?? severityOf(found.entry)]),
    });
    for (const version of versionsOf(found.entry, found.scheme)) known.versions.add(version);
    for (const range of rangesOf(found.entry, found.scheme)) known.ranges.set(JSON.stringify(range), range);
  }
  return { ...common, affected: [...packages.values()].map((one) => affectedOf(id, kind, one)), unreadable };
}

interface Named {
  readonly scheme: VersionScheme;
  readonly name: PackageName;
  readonly entry: JsonObject;
}

/** What the entries of one package say together. */
interface Gathered extends Named {
  readonly severity: Severity | null;
  readonly versions: Set<string>;
  readonly ranges: Map<string, AffectedRange>;
}

function affectedOf(id: string, kind: AdvisoryRecord['kind'], gathered: Gathered): AffectedPackage {
  const { scheme, name, severity, versions, ranges } = gathered;
  return {
    ecosystem: scheme.ecosystem,
    name,
    record: { id, kind, severity, versions: [...versions], ranges: [...ranges.values()] },
  };
}

/** null: of another ecosystem. */
function packageOf(entry: unknown, schemes: readonly VersionScheme[]): Named | 'unreadable' | null {
  if (!isObject(entry)) return 'unreadable';
  // The schema lets one name a repository only.
  if (!isObject(entry['package'])) return null;
  const { ecosystem, name } = entry['package'];
  if (typeof ecosystem !== 'string') return null;
  // `PyPI`, or with a suffix that names a part of it.
  const id = ecosystem.split(':', 1)[0]?.trim().toLowerCase();
  const scheme = schemes.find((one) => one.ecosystem === id);
  if (!scheme) return null;
  if (typeof name !== 'string' || name.length > MAX_TEXT) return 'unreadable';
  const canonical = scheme.canonicalName(name.trim());
  return canonical === null ? 'unreadable' : { scheme, name: canonical, entry };
}

/** Normal forms. What the scheme does not read is no version that could be asked for. */
function versionsOf(entry: JsonObject, { parseVersion }: VersionScheme): string[] {
  return textsIn(entry, 'versions', MAX_TEXT)
    .map((version) => parseVersion(plain(version)))
    .filter((version) => version !== null);
}

/** The spans of an entry; every version where it says of none, or in a shape that cannot be read. */
function rangesOf(entry: JsonObject, scheme: VersionScheme): readonly AffectedRange[] {
  if (!isListOrNone(entry['ranges']) || !isListOrNone(entry['versions'])) return [EVERY];
  const spans = listIn(entry, 'ranges').flatMap((range) => spansOf(range, scheme) ?? []);
  if (spans.length > 0 || versionsOf(entry, scheme).length > 0) return spans;
  return [EVERY];
}

function isListOrNone(value: unknown): boolean {
  return value === undefined || value === null || Array.isArray(value);
}

/** CWE-506 is "Embedded Malicious Code": so GitHub's own records say it. */
const MALICIOUS_CODE = 'CWE-506';

/** The collection of malicious packages gives ids of its own; in other records the database's own members say so. */
function isMalware(id: string, record: JsonObject): boolean {
  const specific = record['database_specific'];
  if (id.startsWith('MAL-')) return true;
  if (!isObject(specific)) return false;
  return (
    Object.keys(specific).some((member) => member.startsWith('malicious-packages')) ||
    listIn(specific, 'cwe_ids').includes(MALICIOUS_CODE)
  );
}

/** RFC 3339 in UTC, as the schema has it. Milliseconds since 1970, or null. */
function timeOf(value: unknown): number | null {
  if (typeof value !== 'string' || !TIME.test(value)) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
