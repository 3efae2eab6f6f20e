#!/usr/bin/env node
import { createRequire } from 'node:module';
import { CommanderError } from 'commander';
import { printable } from './cli/ledger-line.ts';
import { EXIT, program } from './cli/program.ts';
import { actions } from './run.ts';

// The composition root: the only reader of argv and the environment.
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

try {
  await program(actions(process, version), version, (code) => {
    process.exitCode = code;
  }).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sallyport: ${printable(words)}\n`);
    process.exitCode = EXIT.failed;
  }
}
