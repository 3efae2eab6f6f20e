import { integerOf, type LoggedEntry, textOf } from './logged.ts';
import { isAdmission } from './vsa.ts';

/**
 * How the bytes of an artifact reached the client: whole; in parts that are together as long; or not again, because the
 * client said that it has these very bytes (304, whose entity tag is their digest).
 */
export type Delivery = 'whole' | 'parts' | 'not-modified';

/** An artifact that was admitted and delivered. */
export interface Install {
  /** The first entry that admitted it. */
  readonly entry: LoggedEntry;
  readonly delivery: Delivery;
  /** How many entries admitted it. */
  readonly admissions: number;
}

/** Admissions that delivered nothing whole, by how they ended. */
export interface Undelivered {
  /** The client went away, or the bytes failed their check while they were read. */
  readonly aborted: number;
  /** A part was asked for, and the rest never was. */
  readonly partial: number;
  /** Nothing says how it ended: the process died, or it goes on. */
  readonly unfinished: number;
}

interface Artifact {
  readonly entry: LoggedEntry;
  readonly size: number;
  admissions: number;
  delivery: Delivery | null;
  parts: number;
  aborted: number;
  unfinished: number;
}

const RANK: Readonly<Record<Delivery, number>> = { 'not-modified': 1, parts: 2, whole: 3 };

/** Which artifacts were delivered: admissions by their entries, held against the entries that say how each ended. */
export class Installs {
  readonly #artifacts = new Map<string, Artifact>();
  readonly #pending = new Map<number, Artifact>();

  /** Admissions whose end was not seen yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** A decision. What admits no artifact, or answers a question about one (HEAD), is no install. */
  decided(entry: LoggedEntry): void {
    const { fields } = entry;
    if (!isAdmission(fields) || textOf(fields, 'method') === 'HEAD') return;
    const key = JSON.stringify([textOf(fields, 'purl'), textOf(fields, 'file'), textOf(fields, 'sha256')]);
    const known = this.#artifacts.get(key);
    const size = integerOf(fields, 'size') ?? 0;
    const artifact = known ?? {
      entry,
      size,
      admissions: 0,
      delivery: null,
      parts: 0,
      aborted: 0,
      unfinished: 0,
    };
    artifact.admissions += 1;
    artifact.unfinished += 1;
    this.#artifacts.set(key, artifact);
    this.#pending.set(entry.seq, artifact);
  }

  /** An entry of type `served` or `aborted`, of whichever decision. */
  ended({ fields }: LoggedEntry): void {
    const decision = integerOf(fields, 'decision') ?? -1;
    const artifact = this.#pending.get(decision);
    if (!artifact) return;
    this.#pending.delete(decision);
    artifact.unfinished -= 1;
    if (textOf(fields, 'type') !== 'served') artifact.aborted += 1;
    else deliver(artifact, integerOf(fields, 'bytes') ?? 0);
  }

  /** What was delivered, in the order of the log, and how many artifacts were not, by the most that was seen of them. */
  result(): { readonly installs: readonly Install[]; readonly undelivered: Undelivered } {
    const installs: Install[] = [];
    const undelivered = { aborted: 0, partial: 0, unfinished: 0 };
    for (const { entry, delivery, admissions, parts, aborted } of this.#artifacts.values()) {
      if (delivery) installs.push({ entry, delivery, admissions });
      else undelivered[parts > 0 ? 'partial' : aborted > 0 ? 'aborted' : 'unfinished'] += 1;
    }
    installs.sort((a, b) => a.entry.seq - b.entry.seq);
    return { installs, undelivered };
  }
}

function deliver(artifact: Artifact, bytes: number): void {
  const { size } = artifact;
  if (bytes > 0 && bytes < size) artifact.parts += bytes;
  const delivery =
    bytes >= size ? 'whole' : bytes === 0 ? 'not-modified' : artifact.parts >= size ? 'parts' : null;
  if (delivery && RANK[delivery] > (artifact.delivery ? RANK[artifact.delivery] : 0))
    artifact.delivery = delivery;
}
