import type { Code } from './row.ts';

/** An answer of the firewall. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** `code` of a refusal; null where it served. */
  readonly code: string | null;
  /** All reasons' codes. */
  readonly codes: readonly string[];
  /** Hash of its entry; null where it has none. */
  readonly entry: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: an index document, looked into member by member
  json(): any;
}

/** The firewall, for one row: with a token of its own, whose profile is the row's policy. */
export interface Gate {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly token: string;
  /** Of the same agent, with the same profile; it ran out yesterday. */
  readonly expired: string;
  /** GET of a path below `url`, such as `/npm/rp02-widget`. Any status is an answer. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  request(
    method: string,
    path: string,
    body?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Throws unless the path is answered with 200. */
  served(path: string): Promise<Answer>;
  /** Throws unless the path is refused with this code as its first reason, in the answer and in the ledger's entry of it. */
  refused(path: string, code: Code): Promise<Answer>;
  /** Throws unless the npm document has exactly these versions. */
  versions(name: string, ...expected: string[]): Promise<void>;
  /** Throws unless the simple index lists exactly these files. */
  files(project: string, ...expected: string[]): Promise<void>;
  /** `/npm/NAME/-/NAME-VERSION.tgz` */
  tarball(name: string, version: string): string;
  /** The address under which the index lists the file, as a path; also where it is no longer listed. */
  file(project: string, filename: string): string;
  /** Puts records (OSV) in force as if they were fetched so many days ago; they replace what was in force, for every row. */
  feed(days: number, ...records: readonly object[]): Promise<void>;
  /** This row's entries, oldest first. */
  ledger(): Promise<Readonly<Record<string, unknown>>[]>;
}
