import { loadPolicy, readCaseSources } from '../allowlists.ts';
import { EXIT, type PolicyOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { runCases } from '../policy/cases.ts';
import type { Terminal } from './terminal.ts';

/** Runs the cases below the allowlists folder. No network. */
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
  for (const result of results) {
    if (options.json) print(JSON.stringify(result));
    else if (!result.passed)
      print(
        `FAIL ${result.place}: ${result.subject}: expected ${result.expected}, got ${result.got} (${result.why})`,
      );
  }
  say(`${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 ? EXIT.refused : EXIT.ok;
}
