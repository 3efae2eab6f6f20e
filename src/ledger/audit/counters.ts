import type { ReadEntry } from './entry-form.ts';
import type { Findings } from './finding.ts';

/** What is counted since a start: answers by what was decided, and files by how serving them ended. */
interface Counts {
  allow: number;
  refuse: number;
  summed: number;
  served: number;
  aborted: number;
  bytes: number;
}

const ALLOWED = 1;
const ENDED = 2;
const FILE = 4;

const PIECE = 65_536;

/**
 * Counts again what the gate has counted, from the entries. An answer is given after its entry is durable, so what the gate
 * counts may lag behind the log and never lead it: where it has counted more, something was answered that is in no entry.
 */
export class Counters {
  readonly #findings: Findings;
  /** Null: the start is not in what can be read, so that nothing can be compared with what is counted since. */
  #counts: Counts | null = null;
  #started = 0;
  /** Where the last statement of the gate was compared, or the start is; null: nothing follows it that needs to be. */
  #since: number | null = null;
  #compared = 0;
  /** What each entry of the ledger is, by pieces: numbers may jump where a log begins. */
  readonly #marks = new Map<number, Uint8Array>();
  /** Of entries below this number some cannot be read. */
  #known = 0;
  #open = 0;
  #twice = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** How many statements of the gate were compared. */
  get compared(): number {
    return this.#compared;
  }

  /** The next entry; `seq` null where the ledger's numbers are not known, `entry` where it cannot be read. */
  visit(log: number, index: number, seq: number | null, entry: ReadEntry | null): void {
    if (entry === null) {
      // What it was is not known: what is counted across it would say too little.
      this.#counts = null;
      this.#since = null;
      if (seq !== null) this.#known = Math.max(this.#known, seq + 1);
      return;
    }
    const { type } = entry;
    if (type === 'start') {
      if (this.#since !== null)
        this.#findings.note(
          'told',
          'counters',
          { log, from: index, ...(seq !== null && { seq }) },
          `the server before this start ended without a stop: what the gate counted since entry ${this.#since} was not compared`,
        );
      this.#since = index;
      this.#counts = { allow: 0, refuse: 0, summed: 0, served: 0, aborted: 0, bytes: 0 };
      this.#started = index;
    } else if (type === 'decision') this.#decision(seq, entry);
    else if (type === 'served' || type === 'aborted') this.#ended(log, index, seq, entry, type);
    else if (type === 'tally' || type === 'stop') {
      this.#compare(log, index, seq, entry);
      if (type === 'stop') this.#since = null;
      else if (this.#since !== null) this.#since = index;
    }
  }

  /** At the end: downloads of which no entry says how they ended. */
  tell(): void {
    if (this.#open > 0)
      this.#findings.note(
        'told',
        'counters',
        { log: null },
        `of ${this.#open} admitted files no entry says whether they were served: the server crashed, or is still at it`,
      );
    if (this.#twice > 0)
      this.#findings.note(
        'told',
        'counters',
        { log: null },
        `of ${this.#twice} admitted files two entries say how they ended`,
      );
  }

  #decision(seq: number | null, entry: ReadEntry): void {
    const { verdict, refusals, route } = entry;
    if (this.#counts) {
      if (verdict === 'allow') this.#counts.allow += 1;
      else if (typeof refusals === 'number') this.#counts.summed += refusals;
      else this.#counts.refuse += 1;
    }
    if (seq === null || verdict !== 'allow') return;
    const isFile = route === 'artifact' && entry['method'] !== 'HEAD';
    if (isFile) this.#open += 1;
    this.#mark(seq, ALLOWED | (isFile ? FILE : 0));
  }

  #ended(log: number, index: number, seq: number | null, entry: ReadEntry, type: 'served' | 'aborted'): void {
    const { bytes, decision } = entry;
    if (this.#counts) {
      this.#counts[type] += 1;
      if (typeof bytes === 'number') this.#counts.bytes += bytes;
    }
    if (seq === null) return;
    const mark = typeof decision === 'number' && decision < seq ? this.#markOf(decision) : 0;
    if (typeof decision !== 'number' || (mark & ALLOWED) === 0) {
      // Withdrawn, or damaged: nothing is known of it.
      if (typeof decision === 'number' && decision < this.#known) return;
      this.#findings.problem(
        'counts',
        'counters',
        { log, from: index, seq },
        'the entry says that something was served which no entry before it admitted',
      );
      return;
    }
    if ((mark & ENDED) !== 0) this.#twice += 1;
    else if ((mark & FILE) !== 0) this.#open -= 1;
    this.#mark(decision, mark | ENDED);
  }

  #mark(seq: number, mark: number): void {
    const piece = Math.floor(seq / PIECE);
    const marks = this.#marks.get(piece) ?? new Uint8Array(PIECE);
    this.#marks.set(piece, marks);
    marks[seq % PIECE] = mark;
  }

  #markOf(seq: number): number {
    return this.#marks.get(Math.floor(seq / PIECE))?.[seq % PIECE] ?? 0;
  }

  #compare(log: number, index: number, seq: number | null, entry: ReadEntry): void {
    const { answers, files } = entry;
    if (!isObject(answers) || !isObject(files)) return;
    const place = { log, from: index, ...(seq !== null && { seq }) };
    const counts = this.#counts;
    if (counts === null) {
      this.#findings.note(
        'told',
        'counters',
        place,
        'what the gate counted cannot be compared: the start cannot be read',
      );
      return;
    }
    this.#compared += 1;
    const unwritten = typeof entry['unwritten'] === 'number' ? entry['unwritten'] : 0;
    if (unwritten > 0)
      this.#findings.note(
        'told',
        'counters',
        place,
        `of ${unwritten} files the ledger could not be told how they ended`,
      );
    const more = (['allow', 'refuse', 'summed', 'served', 'aborted', 'bytes'] as const).flatMap((what) => {
      const said = what in answers ? answers[what] : files[what];
      // How many bytes were of those that it could not be told of is not known.
      const room =
        what in answers ? 0 : what === 'bytes' && unwritten > 0 ? Number.POSITIVE_INFINITY : unwritten;
      return typeof said === 'number' && said > counts[what] + room
        ? [`${said} ${WORDS[what]}, the log ${counts[what]}`]
        : [];
    });
    if (more.length > 0)
      this.#findings.problem(
        'counts',
        'counters',
        place,
        `since the start in entry ${this.#started} the gate counted ${more.join('; ')}: entries are missing`,
      );
  }
}

const WORDS = {
  allow: 'answers that admit',
  refuse: 'refusals',
  summed: 'summed refusals',
  served: 'served files',
  aborted: 'aborted files',
  bytes: 'bytes',
} as const;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
