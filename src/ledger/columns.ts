import { ENTRY_TYPES } from './canonical.ts';
import { claimOf, type PlaceClaim } from './place-claim.ts';

/**
 * What is searched for of one entry, and counted by. `''` and an empty list stand for what the entry does not have.
 * Lists are sorted and have each item once.
 */
export interface Columns {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly type: string;
  readonly verdict: string;
  readonly route: string;
  readonly profile: string;
  /** What the check of provenance came to, `absent` where none was made; only of artifacts that were admitted. */
  readonly provenance: string;
  /** Codes of the reasons, of what was observed and what was warned of; of an alarm or an act its own; `UNNAMED`. */
  readonly codes: readonly string[];
  readonly agent: string;
  /** Digest of the policy. */
  readonly policy: string;
  /** Places in the policy: of the rule that admits, and of those that refused, would have refused, or warned. */
  readonly rules: readonly string[];
  /** Places of the waivers that were used, and the codes that they lifted. */
  readonly waivers: readonly string[];
  readonly lifted: readonly string[];
  readonly subject: Subject | null;
  /** What is bundled in the subject and installed with it. */
  readonly bundled: readonly Subject[];
  /** The places with which it admits a file; null where it admits none that has any. */
  readonly claim: PlaceClaim | null;
}

/** What an entry is about. */
export interface Subject {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly file: string;
  /** Of the artifact's bytes, `sha256:…` and `sha512:…`. */
  readonly sha256: string;
  readonly sha512: string;
}

/** Stands among the codes of an entry that does not name all that lies in its artifact: it may be anything. */
export const UNNAMED = 'BUNDLED_UNNAMED';

type Fields = Readonly<Record<string, unknown>>;

/** The columns of an entry, from the bytes that are hashed. Bytes that are no entry have none but a place. */
export function columnsOfBytes(bytes: string): Columns {
  let entry: unknown;
  try {
    entry = JSON.parse(bytes);
  } catch {
    entry = null;
  }
  return columnsOf(entry);
}

/**
 * The columns of an entry (entry.ts, entry-decision.ts). A function of the entry alone, so that the index can be made anew
 * and compared at any time. Never throws: what has another shape than an entry's is not there.
 */
export function columnsOf(entry: unknown): Columns {
  const fields = fieldsOf(entry);
  const type = text(fields, 'type');
  const isDecision = type === 'decision';
  const verdict = text(fields, 'verdict');
  const route = text(fields, 'route');
  const said = [...listOf(fields, 'reasons'), ...listOf(fields, 'observed'), ...listOf(fields, 'warnings')];
  const waived = listOf(fields, 'waived');
  const time = Object.hasOwn(fields, 'time') ? fields['time'] : undefined;
  const admits = isDecision && verdict === 'allow' && route === 'artifact';
  return {
    time: Number.isSafeInteger(time) ? Number(time) : 0,
    type: ENTRY_TYPES.has(type) ? type : '',
    verdict,
    route,
    profile: text(fields, 'profile'),
    provenance: admits ? provenanceOf(fields) : '',
    codes: sorted([...texts(said, 'code'), text(fields, 'code'), isUnnamed(fields) ? UNNAMED : '']),
    agent: text(fields, 'agent'),
    policy: text(fields, 'policy'),
    // The place in an alarm is that of a waiver which is about to end.
    rules: isDecision ? sorted([...texts(said, 'place'), text(fields, 'place')]) : [],
    waivers: sorted(texts(waived, 'place')),
    lifted: sorted(texts(waived, 'code')),
    subject: subjectOf(fields),
    bundled: bundledOf(fields),
    claim: claimOf(entry),
  };
}

function subjectOf(fields: Fields): Subject | null {
  const subject = {
    ecosystem: text(fields, 'ecosystem'),
    name: text(fields, 'name'),
    version: text(fields, 'version'),
    file: text(fields, 'file'),
    sha256: digestOf(fields, 'sha256'),
    sha512: digestOf(fields, 'sha512'),
  };
  return subject.name || subject.sha256 || subject.sha512 ? subject : null;
}

function bundledOf(fields: Fields): Subject[] {
  const list = Object.hasOwn(fields, 'bundled') ? fields['bundled'] : undefined;
  if (!Array.isArray(list)) return [];
  const ecosystem = text(fields, 'ecosystem');
  return sorted(list.filter((child): child is string => typeof child === 'string')).map((child) => {
    // An at sign at the start is a scope's.
    const at = child.lastIndexOf('@');
    const [name, version] = at > 0 ? [child.slice(0, at), child.slice(at + 1)] : [child, ''];
    return { ecosystem, name, version, file: '', sha256: '', sha512: '' };
  });
}

function isUnnamed(fields: Fields): boolean {
  return Object.hasOwn(fields, 'bundledCut') || Object.hasOwn(fields, 'bundledUnnamed');
}

/** What the look of this decision came to, else the earlier look that it was made from. */
function provenanceOf(fields: Fields): string {
  const facts = fieldsOf(fields['facts']);
  const checks = [...listOf(fields, 'checks'), ...listOf(fieldsOf(facts['evidence']), 'checks')];
  const check = checks.find((item) => text(item, 'check') === 'provenance');
  return (check && text(check, 'result')) || 'absent';
}

const DIGESTS = { sha256: /^sha256:[0-9a-f]{64}$/, sha512: /^sha512:[0-9a-f]{128}$/ } as const;

/** One spelling only: a digest in another one is not what this program wrote. */
function digestOf(fields: Fields, key: keyof typeof DIGESTS): string {
  const value = text(fields, key);
  return DIGESTS[key].test(value) ? value : '';
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(fields: Fields, key: string): Fields[] {
  const list = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

function text(fields: Fields, key: string): string {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return typeof value === 'string' ? value : '';
}

function texts(list: readonly Fields[], key: string): string[] {
  return list.map((item) => text(item, key));
}

/** Each once, without empty ones, by UTF-16 code units. */
function sorted(list: readonly string[]): string[] {
  return [...new Set(list)].filter((item) => item !== '').sort();
}
