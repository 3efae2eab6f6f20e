import { loadPolicy, readCaseSources } from '../allowlists.ts';
import { caseLines } from '../cli/case-lines.ts';
import { EXIT, type PolicyOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { runCases } from '../policy/cases/cases.ts';
import type { Terminal } from './terminal.ts';

/** Runs the cases below the allowlists folder. No network. Exit code 1: one of them failed, or there is none to run. */
export async function policyTest(
  config: Config,
  options: PolicyOptions,
  { print, say }: Terminal,
): Promise<number> {
  const policy = await loadPolicy(config.allowlists);
  const results = runCases(
    policy,
    await readCaseSources(config.allowlists),
    ECOSYSTEMS.map((e) => e.versions),
  );
  const failed = results.filter((r) => !r.passed);
  if (options.json) for (const result of results) print(JSON.stringify(result));
  else for (const result of failed) for (const line of caseLines(result)) print(line);
  if (results.length === 0)
    say('sallyport: there are no cases, so nothing was tested: write some below cases/');
  say(`${results.length - failed.length} passed, ${failed.length} failed`);
  // A gate that asks nothing is not green.
  return failed.length > 0 || results.length === 0 ? EXIT.refused : EXIT.ok;
}
