import type { Config } from '../config.ts';

/** Where a command's data and its words for people go. */
export interface Out {
  /** One line of data, to stdout. */
  print(line: string): void;
  /** One line of words, to stderr, escaped for a terminal. */
  say(line: string): void;
}

/** What the commands of the ledger are given by the composition root. */
export interface Given {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of sallyport. */
  readonly version: string;
  now(): number;
  configured(options: { readonly config?: string }): Config;
  /** Faults become words and an exit code. */
  orSay(work: () => Promise<number>): Promise<number>;
  readonly out: Out;
}
