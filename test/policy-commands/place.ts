import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Config, loadConfig } from '../../src/config.ts';
import type { DecisionInput } from '../../src/ledger/entry-decision.ts';
import { decisionEntry } from '../../src/ledger/entry-decision.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { inputOf } from '../admission/entry-input.ts';
import { downloadOf, listingOf, NOW } from '../policy/questions.ts';

/** A folder with allowlists, and a data folder beside them; both are gone when the test is over. */
export interface Place {
  readonly root: string;
  readonly config: Config;
  /** Writes files below the root. */
  write(files: Readonly<Record<string, string>>): void;
  ledger(): Promise<Ledger>;
}

export function place(files: Readonly<Record<string, string>> = {}): Place {
  const root = mkdtempSync(join(tmpdir(), 'policy-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (more: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(more)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  write(files);
  const config = loadConfig({
    SALLYPORT_DATA: join(root, 'data'),
    SALLYPORT_ALLOWLISTS: join(root, 'allowlists'),
  });
  return {
    root,
    config,
    write,
    async ledger() {
      const ledger = await openLedger({ dir: join(root, 'data') });
      onTestFinished(() => ledger.close());
      return ledger;
    },
  };
}

/** What a command wrote. */
export function terminal() {
  const printed: string[] = [];
  const said: string[] = [];
  return {
    printed,
    said,
    print: (line: string) => void printed.push(line),
    say: (line: string) => void said.push(line),
  };
}

/** The entry of a downloaded artifact, let through unless told otherwise. */
export function installed(
  name: string,
  version: string,
  change: Parameters<typeof listingOf>[2] = {},
  more: Partial<DecisionInput> = {},
) {
  const question = downloadOf(listingOf(name, version, change));
  const listing = more.verdict === 'refuse' && more.checks === undefined;
  return decisionEntry({
    ...inputOf(listing ? listingOf(name, version, change) : question),
    verdict: 'allow',
    reasons: [],
    ...more,
  });
}

/** A name that was refused before any file of it was known. */
export function refusedName(name: string, more: Partial<DecisionInput> = {}) {
  const {
    facts: _,
    checks: __,
    file: ___,
    version: ____,
    digests: _____,
    ...rest
  } = inputOf(listingOf(name, '1.0.0'));
  return decisionEntry({ ...rest, route: 'index', reasons: ['NOT_ALLOWLISTED'], ...more });
}

export { NOW };
