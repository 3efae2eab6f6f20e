import semver from 'semver';
import type { PackageName } from '../../model/artifact.ts';
import type { AuditQuery } from './audit.ts';
import { isObject, type JsonObject, jsonBytes, own, parseObject, record } from './json.ts';
import { canonicalName } from './names.ts';
import { parseRange } from './versions.ts';

const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * One advisory as the bulk answer has it, in fields that were checked one by one. `title` and `url` are made of
 * identifiers: the upstream's words are not repeated, and no answer of ours points elsewhere.
 */
export interface Advisory {
  readonly id: number;
  readonly title: string;
  readonly url: string;
  readonly severity: Severity;
  /** A semver range. */
  readonly vulnerable_versions: string;
  readonly cwe: readonly string[];
  readonly cvss?: { readonly score: number; readonly vectorString: string | null };
}

/** The body of a bulk answer is this map as a JSON object. */
export type Advisories = ReadonlyMap<PackageName, readonly Advisory[]>;

/** More advisories than all of a large tree has. */
const MAX_ADVISORIES = 20_000;

/**
 * Reads the upstream's answer to a bulk query. Null where any advisory in it cannot be read: one that is left
 * out would make the answer look better than it is. What was not asked about is passed over.
 */
export function filterAdvisories(body: Uint8Array, asked: AuditQuery): Advisories | null {
  const answer = parseObject(body);
  if (!answer) return null;
  const found = new Map<PackageName, Advisory[]>();
  let count = 0;
  for (const key of Object.keys(answer)) {
    const advisories = answer[key];
    if (!Array.isArray(advisories)) return null;
    count += advisories.length;
    if (count > MAX_ADVISORIES) return null;
    const name = canonicalName(key);
    if (name === null || !asked.has(name) || advisories.length === 0) continue;
    const read: Advisory[] = [];
    for (const raw of advisories) {
      const advisory = isObject(raw) ? readAdvisory(raw) : null;
      if (!advisory) return null;
      read.push(advisory);
    }
    found.set(name, read);
  }
  return found;
}

const GHSA = /\bGHSA(?:-[23456789cfghjmpqrvwx]{4}){3}$/;
const CWE = /^CWE-\d{1,6}$/;
const CVSS_VECTOR = /^(?:CVSS:\d\.\d\/)?[A-Za-z]{1,3}:[A-Za-z]{1,2}(?:\/[A-Za-z]{1,3}:[A-Za-z]{1,2}){0,40}$/;
const MAX_RANGE = 2048;

function readAdvisory(raw: JsonObject): Advisory | null {
  const id = own(raw, 'id');
  const severity = SEVERITIES.find((one) => one === own(raw, 'severity'));
  const vulnerable = own(raw, 'vulnerable_versions');
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id <= 0 || severity === undefined) return null;
  if (typeof vulnerable !== 'string' || vulnerable.length > MAX_RANGE) return null;
  if (semver.validRange(vulnerable) === null) return null;
  const cwe = own(raw, 'cwe');
  const cvss = readCvss(own(raw, 'cvss'));
  const title = `advisory ${id}`;
  return {
    id,
    title,
    url: ghsaOf(own(raw, 'url')) ?? title,
    severity,
    vulnerable_versions: vulnerable,
    cwe: Array.isArray(cwe)
      ? cwe.filter((one): one is string => typeof one === 'string' && CWE.test(one)).slice(0, 32)
      : [],
    ...(cvss ? { cvss } : {}),
  };
}

/** The identifier at the end of an advisory's address: enough to look it up, in a fixed alphabet. */
function ghsaOf(url: unknown): string | null {
  return typeof url === 'string' && url.length <= 512 ? (GHSA.exec(url)?.[0] ?? null) : null;
}

function readCvss(value: unknown): Advisory['cvss'] | null {
  if (!isObject(value)) return null;
  const score = own(value, 'score');
  const vector = own(value, 'vectorString');
  if (typeof score !== 'number' || !(score >= 0 && score <= 10)) return null;
  return { score, vectorString: typeof vector === 'string' && CVSS_VECTOR.test(vector) ? vector : null };
}

/** The body of a bulk answer. */
export function writeBulkAnswer(found: Advisories): Uint8Array {
  const written = record<readonly Advisory[]>();
  for (const [name, advisories] of found) written[name] = advisories;
  return jsonBytes(written);
}

/**
 * The same in the form of the older `quick` route: advisories by id, with counts. An advisory counts once for
 * each installed version that it hits. What the bulk form does not tell (`patched_versions`) is said to be none.
 */
export function writeQuickAnswer(found: Advisories, asked: AuditQuery = new Map()): Uint8Array {
  const advisories = record<object>();
  const vulnerabilities: Record<Severity, number> = { info: 0, low: 0, moderate: 0, high: 0, critical: 0 };
  for (const [name, all] of found) {
    for (const advisory of all) {
      const versions = affected(advisory, asked.get(name) ?? []);
      vulnerabilities[advisory.severity] += Math.max(1, versions.length);
      advisories[advisory.id] = {
        ...advisory,
        module_name: name,
        findings: versions.map((version) => ({ version, paths: [name] })),
        patched_versions: '<0.0.0',
        cves: [],
        github_advisory_id: advisory.url.startsWith('GHSA-') ? advisory.url : null,
        access: 'public',
      };
    }
  }
  const dependencies = [...asked.values()].reduce((sum, versions) => sum + versions.length, 0);
  const metadata = {
    vulnerabilities,
    dependencies,
    devDependencies: 0,
    optionalDependencies: 0,
    totalDependencies: dependencies,
  };
  return jsonBytes({ actions: [], advisories, muted: [], metadata });
}

/** The versions that an advisory is about. The upstream named it because of one of them, so never fewer. */
function affected(advisory: Advisory, versions: readonly string[]): readonly string[] {
  const range = parseRange(advisory.vulnerable_versions, { prereleases: true });
  const hit = range ? versions.filter((version) => range.has(version)) : versions;
  return hit.length > 0 ? hit : versions;
}
