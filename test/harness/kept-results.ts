import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

// What each test file came to when it last ran here. `npm run controls` and `npm run attacks` read it.

const PROJECT = join(import.meta.dirname, '..', '..');
/** Results of tests, and of the other runs of the proof; never committed. */
export const RESULTS = join(PROJECT, 'node_modules', '.cache', 'proof');

export interface FileResults {
  /** From the project's folder. */
  readonly file: string;
  /** SHA-256 of the file as it ran, hex: a result of another text is none. */
  readonly digest: string;
  readonly tests: readonly TestResult[];
}

export interface TestResult {
  /** Headings and name, joined by ` > `. */
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
}

/** Writes one file for each test file, in one go each, so that runs beside each other do not disturb. */
export class KeptResults implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const file = relative(PROJECT, module.moduleId);
    const tests = [...module.children.allTests()].map((test) => ({
      name: test.fullName,
      state: test.result().state,
    }));
    const whole: TestResult[] =
      module.state() === 'failed' && tests.every(({ state }) => state !== 'failed')
        ? [...tests, { name: 'the file itself', state: 'failed' }]
        : tests;
    writeResult(`tests/${file.replaceAll('/', '~')}.json`, { file, digest: digestOf(file), tests: whole });
  }
}

/** Replaces a file below `RESULTS`. */
export function writeResult(name: string, value: unknown): void {
  const path = join(RESULTS, name);
  mkdirSync(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(temporary, path);
}

/** The results of a test file as it is now; null where it has not run since it was changed. */
export function resultsOf(file: string): FileResults | null {
  const found = readResult(`tests/${file.replaceAll('/', '~')}.json`) as FileResults | null;
  return found?.digest === digestOf(file) ? found : null;
}

/** A file below `RESULTS`, or null. */
export function readResult(name: string): unknown {
  try {
    return JSON.parse(readFileSync(join(RESULTS, name), 'utf8'));
  } catch {
    return null;
  }
}

function digestOf(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(PROJECT, file)))
    .digest('hex');
}
