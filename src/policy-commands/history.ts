import { questionOf, type Replayed } from '../admission/replay.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { LedgerReader } from '../ledger/ledger.ts';

/** One thing that was decided again and again: a file of a version for one profile, or a name. */
export interface Decided {
  readonly profile: string;
  readonly ecosystem: string;
  readonly name: string;
  /** null for a name alone. */
  readonly version: string | null;
  readonly file: string | null;
  /** How often it was let through, and how often it was refused. */
  installs: number;
  refusals: number;
  readonly agents: Set<string>;
  /** The newest entry, as it is in the ledger. */
  bytes: string;
  /** The newest one that let it through; null where none did. */
  installed: string | null;
}

export interface History {
  readonly decided: readonly Decided[];
  /** Artifacts that were let through. */
  readonly installs: number;
  /** Entries that were read. */
  readonly entries: number;
  /** Lines of a file that are no entries; of a ledger none. */
  readonly unreadable: number;
}

/**
 * What was decided of artifacts since an instant, each file once for each profile, with the newest of its entries,
 * and of names that were refused. Streams: what is kept grows with the files, not with the entries.
 */
export async function readHistory(
  reader: Pick<LedgerReader, 'query'> & { readonly unreadable?: number },
  since: number,
  wanted: (entry: Readonly<Record<string, unknown>>) => boolean = () => true,
): Promise<History> {
  const decided = new Map<string, Decided>();
  let installs = 0;
  let entries = 0;
  for await (const { bytes } of reader.query({ type: 'decision', since })) {
    entries += 1;
    const entry: unknown = JSON.parse(bytes);
    if (!isRecord(entry) || !wanted(entry)) continue;
    const subject = subjectOf(entry);
    if (!subject) continue;
    const allowed = entry['verdict'] === 'allow';
    const key = JSON.stringify(Object.values(subject));
    const known = decided.get(key) ?? {
      ...subject,
      installs: 0,
      refusals: 0,
      agents: new Set(),
      bytes,
      installed: null,
    };
    decided.set(key, known);
    known.bytes = bytes;
    known.agents.add(textOf(entry, 'agent') ?? '');
    if (allowed) known.installed = bytes;
    if (allowed) known.installs += 1;
    else known.refusals += 1;
    if (allowed) installs += 1;
  }
  return { decided: [...decided.values()], installs, entries, unreadable: reader.unreadable ?? 0 };
}

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);

/**
 * The question that the newest of its entries answered; where that one has none (an upstream that did not answer says
 * nothing of a policy), the question of the newest that let it through: what was installed is not passed over.
 */
export function questionAgain({ bytes, installed }: Decided): Replayed {
  const newest = questionOf(JSON.parse(bytes), SCHEMES);
  if (newest.question !== null || installed === null || installed === bytes) return newest;
  const earlier = questionOf(JSON.parse(installed), SCHEMES);
  return earlier.question === null ? newest : earlier;
}

type Subject = Pick<Decided, 'profile' | 'ecosystem' | 'name' | 'version' | 'file'>;

/** An artifact that was asked for, or a name that was refused whatever was asked of it; null for all else. */
function subjectOf(entry: Readonly<Record<string, unknown>>): Subject | null {
  const profile = textOf(entry, 'profile');
  const ecosystem = textOf(entry, 'ecosystem');
  const name = textOf(entry, 'name');
  if (profile === null || ecosystem === null || name === null) return null;
  const file = textOf(entry, 'file');
  if (file !== null) {
    if (entry['route'] !== 'artifact') return null;
    return { profile, ecosystem, name, version: textOf(entry, 'version'), file };
  }
  return entry['verdict'] === 'refuse' ? { profile, ecosystem, name, version: null, file: null } : null;
}

function textOf(entry: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = entry[field];
  return typeof value === 'string' ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
